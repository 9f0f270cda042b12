// A history of one job, written out by hand.
import type { Arrival, AttemptRow, Change, Definition, Due, Fault, History, LedgerRow } from '../history.ts'

export const everySecond: Due = { type: 'interval', everyMs: 1_000, anchor: 0, end: null }
export const definition: Definition = { due: everySecond, path: '/1', coalesces: true }

/** A job that is created at 0.5 s, and has an occurrence each second. */
export function handMade(): HandMade {
  const history: History = {
    jobs: [{ id: 'job', changes: [{ kind: 'create', sentAt: 450, answeredAt: 500, definition: { ...definition } }] }],
    ...{ faults: [], arrivals: [], ledger: [], attempts: [], quietSince: 600_000 },
  }
  const hand: HandMade = {
    history,
    asked(kind, sentAt, answeredAt = sentAt + 50, edited) {
      history.jobs[0]?.changes.push({ kind, sentAt, answeredAt, ...(edited && { definition: edited }) })
      return hand
    },
    row(scheduledFor, fields = {}) {
      const plain = { kind: 'schedule', state: 'succeeded', reason: null, attempt: 0, scheduledUntil: null, count: 1 }
      const finishedAt = scheduledFor + 100
      history.ledger.push({ id: `e${scheduledFor}`, jobId: 'job', scheduledFor, finishedAt, ...plain, ...fields })
      return hand
    },
    attempt(scheduledFor, fields = {}, arrived = {}) {
      const row = history.ledger.find((it) => it.scheduledFor === scheduledFor)
      const executionId = row?.id ?? ''
      const attempt = row ? ++row.attempt : 1
      const startedAt = fields.startedAt ?? scheduledFor + 10
      const plain = { outcome: 'succeeded', status: 200, startedAt, finishedAt: startedAt + 90, pid: 1 }
      history.attempts.push({ executionId, attempt, ...plain, ...fields })
      if (arrived === null) return hand
      const at = startedAt + 5
      const request = { at, endedAt: at + 80, path: '/1', status: 200, port: 1, awayUntil: null }
      history.arrivals.push({ id: executionId, job: 'job', scheduledFor, attempt, ...request, ...arrived })
      return hand
    },
    sent: (...times) => times.reduce((it, at) => it.row(at).attempt(at), hand),
    fault(from, to, fields = {}) {
      history.faults.push({ kind: 'database stopped', from, to, pids: null, mayRepeat: false, ...fields })
      return hand
    },
  }
  return hand
}

export interface HandMade {
  history: History
  /** Answered 50 ms later where nothing else is said. */
  asked(kind: Change['kind'], sentAt: number, answeredAt?: number | null, edited?: Definition): HandMade
  row(scheduledFor: number, fields?: Partial<LedgerRow>): HandMade
  /** The next attempt of the execution of that time; null where it never arrived. */
  attempt(scheduledFor: number, fields?: Partial<AttemptRow>, arrived?: Partial<Arrival> | null): HandMade
  /** Executions that succeeded at once. */
  sent(...times: number[]): HandMade
  fault(from: number, to: number, fields?: Partial<Fault>): HandMade
}
