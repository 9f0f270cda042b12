// What a service that is right leaves in its ledger in the cases that are easy to get wrong, and the same a little off.
import { expect, test } from 'vitest'
import type { Fault } from '../history.ts'
import { definition, type HandMade, handMade } from '../test/hand-made.ts'
import { check } from './check.ts'
import { type Kind, kinds } from './judgement.ts'

/** Lateness of more than 2 s needs a reason; a fault is one for 5 s after it. */
const found = ({ history }: HandMade): Kind[] => {
  const { findings } = check(history, { lateMs: 2_000, recoveryMs: 5_000 })
  return kinds.flatMap((kind) => findings[kind].map(() => kind))
}

const skipped = (reason: string, scheduledUntil: number | null, count: number) => ({
  ...{ state: 'skipped', reason, scheduledUntil, count },
})

test('what was not dispatched before a pause is recorded when that ends, and not before', () => {
  const paused = () => handMade().sent(1_000).asked('pause', 2_300)
  expect(found(paused())).toEqual([])
  expect(found(paused().asked('resume', 9_100, null))).toEqual([])
  const resumed = () => paused().asked('resume', 4_100).sent(5_000).asked('delete', 5_500)
  expect(found(resumed())).toEqual(['lost'])
  expect(found(resumed().row(2_000, skipped('paused', 4_000, 3)))).toEqual([])
  expect(found(paused().asked('delete', 4_100))).toEqual(['lost'])
  const other = { ...definition, due: { type: 'once', at: 900_000 } } as const
  expect(found(paused().asked('edit', 4_100, 4_200, other))).toEqual(['lost'])
  expect(found(paused().asked('edit', 4_100, 4_200, { ...definition, path: '/2' }))).toEqual([])
})

test('what had been due for long before a pause is no matter of the pause, unless a fault was on', () => {
  const it = () => handMade().sent(1_000, 3_000, 4_000, 5_000).asked('pause', 5_300)
  expect(found(it())).toEqual(['lost'])
  expect(found(it().fault(1_500, 4_900))).toEqual([])
  const left = () => handMade().sent(1_000).asked('pause', 5_300).asked('resume', 6_100).asked('delete', 6_200)
  expect(found(left().row(2_000, skipped('paused', 6_000, 5)))).toEqual(['unexplained'])
  expect(
    found(
      left()
        .row(2_000, skipped('paused', 6_000, 5))
        .fault(1_500, 4_900),
    ),
  ).toEqual([])
})

test('a run of unsent occurrences stands for as many as it says, and for none twice', () => {
  const it = () =>
    handMade().sent(1_000).asked('pause', 1_300).asked('resume', 4_100).sent(5_000).asked('delete', 5_500)
  expect(found(it().row(2_000, skipped('paused', 4_000, 2)))).toEqual(['unexplained'])
  expect(found(it().row(2_000, skipped('paused', 4_500, 3)))).toEqual(['unexplained'])
  expect(
    found(
      it()
        .row(2_000, skipped('paused', 4_000, 3))
        .row(3_000, skipped('paused', null, 1)),
    ),
  ).toEqual(['unexplained'])
})

test('the newest of several is sent in place of the others, after a fault that made them late', () => {
  const it = (coalesces: boolean) => {
    const made = handMade().sent(1_000).asked('delete', 5_700)
    for (const { definition: it } of made.history.jobs[0]?.changes ?? []) if (it) it.coalesces = coalesces
    return made
      .row(2_000, skipped('coalesced', 4_000, 3))
      .row(5_000)
      .attempt(5_000, { startedAt: 5_550 })
  }
  expect(found(it(true))).toEqual(['late'])
  expect(found(it(true).fault(1_500, 5_500))).toEqual([])
  expect(found(it(false).fault(1_500, 5_500))).toEqual(['lost'])
})

test('an occurrence is left out for an execution that is not finished, until that is written', () => {
  const it = (finishedAt: number) =>
    handMade()
      .row(1_000, { finishedAt })
      .attempt(1_000)
      .row(2_000, skipped('overlap_skipped', null, 1))
      .asked('delete', 2_500)
  expect(found(it(2_300))).toEqual([])
  expect(found(it(1_900))).toEqual([])
  expect(found(it(1_400))).toEqual(['unexplained'])
  expect(found(it(1_400).fault(1_350, 1_950))).toEqual([])
})

test('a pause cancels what is pending, and what comes back from a lost worker; a delete as well', () => {
  for (const [kind, reason] of [
    ['pause', 'paused'],
    ['delete', 'deleted'],
  ] as const) {
    const it = (finishedAt: number) =>
      handMade().asked(kind, 1_300).row(1_000, { state: 'cancelled', reason, finishedAt })
    expect(found(it(1_330))).toEqual([])
    expect(found(it(1_200))).toEqual(['unexplained'])
    const lost = () => it(13_000).attempt(1_000, { outcome: 'abandoned', status: null, finishedAt: 13_000 })
    expect(found(lost().fault(1_050, 1_060, { pids: [1], mayRepeat: true, inFlight: 1 }))).toEqual([])
  }
})

test('a run by hand is sent although its job is paused, but not once that is deleted or paused anew', () => {
  const run = (at: number) => ({ kind: 'manual', id: 'run', finishedAt: at + 100 })
  const paused = () => handMade().sent(1_000).asked('pause', 1_300).asked('run', 3_000)
  expect(found(paused().row(3_020, run(3_020)).attempt(3_020))).toEqual([])
  const deleted = paused().asked('delete', 3_500).row(3_020, run(3_600)).attempt(3_020, { startedAt: 3_600 })
  expect(found(deleted.row(2_000, skipped('paused', 3_000, 2)))).toEqual(['phantom'])
  const resumed = paused().asked('resume', 3_100).asked('pause', 3_200).row(3_020, run(3_300))
  expect(found(resumed.row(2_000, skipped('paused', 3_000, 2)).attempt(3_020, { startedAt: 3_300 }))).toEqual([
    'phantom',
  ])
})

test('one run by hand has one execution, and one that was never answered may have one', () => {
  const it = (answeredAt: number | null) => handMade().asked('run', 600, answeredAt).sent(1_000).asked('delete', 1_500)
  expect([found(it(650)), found(it(null))]).toEqual([['lost'], []])
  const run = (made: HandMade, at: number) => made.row(at, { kind: 'manual', id: `run${at}` }).attempt(at)
  expect([found(run(it(650), 620)), found(run(it(null), 640))]).toEqual([[], []])
  expect(found(run(run(it(650), 620), 630))).toEqual(['phantom'])
})

test('a failure for good is what its last attempt met', () => {
  const it = (outcome: string, arrived: Parameters<HandMade['attempt']>[2]) =>
    handMade()
      .asked('delete', 1_500)
      .row(1_000, { state: 'failed', reason: outcome })
      .attempt(1_000, { outcome }, arrived)
  expect(found(it('rejected', { status: 500 }))).toEqual([])
  expect(found(it('rejected', { status: 200 }))).toEqual(['unexplained'])
  expect(found(it('unreachable', null))).toEqual(['unexplained'])
  expect(found(it('unreachable', null).fault(900, 1_200))).toEqual([])
  expect(found(it('unreachable', null).fault(900, 1_200, { pids: [2] }))).toEqual(['unexplained'])
  expect(found(it('unreachable', { status: null }))).toEqual([])
})

test('an execution is given up when it was lost with eleven workers, which takes its time', () => {
  const it = (finishedAt: number) =>
    handMade().asked('delete', 1_500).row(1_000, { state: 'failed', reason: 'worker_crashed', finishedAt })
  const kills = { pids: [1], mayRepeat: true, inFlight: 1 }
  expect(found(it(130_000).fault(1_100, 1_200, kills))).toEqual([])
  expect(found(it(130_000))).toEqual(['unexplained'])
  expect(found(it(60_000).fault(1_100, 1_200, kills))).toEqual(['unexplained'])
})

test('a late success ends what is in flight again, and of that nobody writes anything if its worker dies', () => {
  const twice = (killed: boolean) => {
    const made = handMade().asked('delete', 20_000).row(1_000, { finishedAt: 13_400 })
    made.fault(1_020, 12_500, { pids: [1], mayRepeat: true, inFlight: 1 }).attempt(1_000, { finishedAt: 13_400 })
    const second = made.attempt(1_000, { startedAt: 13_000, pid: 2 })
    made.history.attempts.pop()
    for (let at = 2_000; at <= 20_000; at += 1_000) made.sent(at)
    return killed ? second.fault(13_050, 13_060, { pids: [2], mayRepeat: true, inFlight: 1 }) : second
  }
  expect(found(twice(true))).toEqual([])
  const { history } = twice(false)
  history.faults = []
  expect(found({ ...handMade(), history })).toEqual(['unexplained', 'unexplained'])
})

test('a request whose kept connection was closed under it is made again at once, as the same attempt', () => {
  const it = (afterMs: number) => {
    const made = handMade().sent(1_000).asked('delete', 1_500).fault(1_010, 1_040, { mayRepeat: true, inFlight: 1 })
    const [arrival] = made.history.arrivals
    if (arrival) made.history.arrivals.push({ ...arrival, at: arrival.at + afterMs })
    return made
  }
  expect(found(it(30))).toEqual([])
  expect(found(it(2_500))).toEqual(['unexplained'])
})

test('a worker that was stopped between claiming and sending may send when it goes on, with all it knows', () => {
  const it = (stopped: Partial<Fault>, at: number) => {
    const made = handMade().asked('delete', 20_000).row(1_000, { finishedAt: 13_100 })
    made.attempt(1_000, { outcome: 'abandoned', status: null, finishedAt: 12_900 }, { at, endedAt: at + 80 })
    made.attempt(1_000, { startedAt: 13_000, pid: 2 })
    made.history.arrivals.reverse()
    for (let at = 2_000; at <= 20_000; at += 1_000) made.sent(at)
    return made.fault(1_050, 17_000, { mayRepeat: true, inFlight: 1, ...stopped })
  }
  expect(found(it({ pids: [1] }, 17_010))).toEqual([])
  const sentLate = (most: number) => check(it({ pids: [1] }, 17_010).history, { recoveryMs: 5_000, sentLate: most })
  expect([0, 1].map((most) => sentLate(most).findings.duplicated.length)).toEqual([1, 0])
  expect(found(it({ pids: [2] }, 17_010))).toEqual(['unexplained'])
  expect(found(it({ pids: [1] }, 19_000))).toEqual(['unexplained'])
  expect(found(it({ pids: [1], inFlight: 0 }, 17_010))).toEqual(['duplicated'])
})

test('how prompt a process has to be where nothing is broken is a bound like the others', () => {
  const it = (promptMs: number) => {
    const made = handMade().row(1_000).attempt(1_000, { startedAt: 1_100 }).asked('delete', 1_150)
    for (const arrival of made.history.arrivals) arrival.at = 2_000
    return check(made.history, { promptMs }).findings.phantom.length
  }
  expect([it(1_000), it(500)]).toEqual([0, 1])
})
