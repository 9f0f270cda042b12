import { describe, expect, it } from 'vitest'
import type { Arrival, Change, History, JobHistory } from '../history.ts'
import { countSentAgain, type Forgotten, withoutForgotten } from './forgotten.ts'

const BACKUP = 10_000
const STOPPED = 20_000
const RESTORED = 25_000

const create = (sentAt: number, answeredAt: number | null = sentAt + 10): Change => ({
  ...{ kind: 'create', sentAt, answeredAt },
  definition: { due: { type: 'once', at: sentAt + 1_000 }, path: '/', coalesces: false },
})
const job = (id: string, change: Change): JobHistory => ({ id, changes: [change] })
const arrival = (id: string, at: number, scheduledFor = at - 10): Arrival => ({
  ...{
    id,
    job: 'job',
    scheduledFor,
    at,
    attempt: 1,
    endedAt: at + 5,
    path: '/',
    status: 200,
    port: 0,
    awayUntil: null,
  },
})
const history = (of: Partial<History>): History => ({
  ...{ jobs: [], faults: [], arrivals: [], ledger: [], attempts: [], quietSince: 60_000, ...of },
})
const running = (attempt: number) => ({ attempt, isFinished: false })
const finished = { attempt: 1, isFinished: true }
const forgotten = (kept: string[] = [], executions: Record<string, typeof finished> = {}): Forgotten => ({
  ...{ from: BACKUP, to: STOPPED, kept: new Set(kept), executions: new Map(Object.entries(executions)) },
})
const jobsLeft = (jobs: JobHistory[], kept?: string[]) =>
  withoutForgotten(history({ jobs }), forgotten(kept)).jobs.map(({ id }) => id)

describe('a job that the restored database does not have', () => {
  it('may be gone when its create was answered after the backup', () => {
    expect(jobsLeft([job('late', create(BACKUP + 1))])).toEqual([])
  })

  it('may be gone when its create was never answered', () => {
    expect(jobsLeft([job('unanswered', create(BACKUP - 50, null))])).toEqual([])
  })

  it('is looked for when its create was answered before', () => {
    expect(jobsLeft([job('early', create(BACKUP - 50))])).toEqual(['early'])
  })

  it('is looked for when its create was asked for before, and answered after all was stopped', () => {
    expect(jobsLeft([job('again', create(STOPPED - 50, RESTORED))])).toEqual(['again'])
  })

  it('is looked for when its create was asked for after all was stopped', () => {
    expect(jobsLeft([job('afterwards', create(RESTORED))])).toEqual(['afterwards'])
  })
})

it('keeps a job that the backup has, whenever its create was answered', () => {
  expect(jobsLeft([job('kept', create(BACKUP + 1))], ['kept'])).toEqual(['kept'])
})

describe('a callback of an execution that the backup does not have', () => {
  const left = (at: number) =>
    withoutForgotten(history({ arrivals: [arrival('gone', at)] }), forgotten()).arrivals.length

  it('counts as not sent when it arrived between the backup and the end', () => {
    expect(left(BACKUP + 1)).toBe(0)
  })

  it('stays, for the checker to complain of, when it arrived before or after', () => {
    expect([left(BACKUP - 1), left(STOPPED + 1)]).toEqual([1, 1])
  })
})

describe('a callback of an execution that the backup has', () => {
  const arrivals = [arrival('known', BACKUP + 1), arrival('known', RESTORED)]
  const left = (known: typeof finished) => withoutForgotten(history({ arrivals }), forgotten([], { known })).arrivals

  it('stays when its attempt had begun before, and is a repetition', () => {
    expect(left(running(1))).toEqual(arrivals)
  })

  it('counts as not sent when its attempt began after', () => {
    expect(left(running(0))).toEqual(arrivals.slice(1))
  })

  it('stays when the backup has it as finished', () => {
    expect(left(finished)).toEqual(arrivals)
  })
})

it('lets no more be repeated than what the backup has in flight', () => {
  const executions = { one: running(1), two: running(2), queued: running(0), finished }
  const { faults } = withoutForgotten(history({}), forgotten([], executions))
  expect(faults).toEqual([{ kind: 'forgotten', from: BACKUP, to: STOPPED, pids: null, mayRepeat: true, inFlight: 2 }])
})

it('counts what was sent again with the same id, and what under another', () => {
  const arrivals = [
    arrival('same', BACKUP + 100, 7),
    arrival('same', RESTORED, 7),
    arrival('renamed', BACKUP + 200, 8),
    arrival('another', RESTORED, 8),
    arrival('never again', BACKUP + 300, 9),
    arrival('known', BACKUP + 400, 10),
    arrival('known', RESTORED, 10),
  ]
  const counts = countSentAgain(history({ arrivals }), forgotten([], { known: running(1) }))
  expect(counts).toEqual({ forgotten: 3, asTheSame: 1, asOthers: 1 })
})
