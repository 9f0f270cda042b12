// Records that contradict each other, or what is known of the job, each in a run that is sound but for it.
import { expect, test } from 'vitest'
import { type HandMade, handMade } from '../test/hand-made.ts'
import { check } from './check.ts'
import { type Kind, kinds } from './judgement.ts'

const found = ({ history }: HandMade): Kind[] => {
  const { findings } = check(history, { lateMs: 2_000, recoveryMs: 5_000 })
  return kinds.flatMap((kind) => findings[kind].map(() => kind))
}

const sound = () => handMade().sent(1_000).asked('delete', 1_500)

/** The same with something done to it. */
function spoiled(spoil: (history: HandMade['history']) => void): HandMade {
  const made = sound()
  spoil(made.history)
  return made
}

test('the run that all of these begin with is sound', () => {
  expect(found(sound())).toEqual([])
})

test('an execution that was not sent is of a time that the schedule names', () => {
  const it = (at: number) =>
    handMade()
      .asked('pause', 600)
      .row(at, { state: 'skipped', reason: 'paused' })
      .asked('delete', 1_500)
      .row(at + 5_000, { state: 'cancelled', reason: 'deleted' })
  expect(found(it(1_000))).toEqual(['unexplained'])
  expect(found(it(1_250))).toEqual(['unexplained', 'unexplained'])
})

test('what came due during a pause is not sent after it', () => {
  const it = handMade()
    .asked('pause', 1_500)
    .asked('resume', 2_300)
    .sent(1_000, 3_000)
    .row(2_000)
    .asked('delete', 3_500)
  expect(found(it.attempt(2_000, { startedAt: 2_400 }))).toEqual(['phantom'])
})

test('what is skipped was not attempted', () => {
  const it = handMade().row(1_000, { finishedAt: 2_300 }).attempt(1_000).asked('delete', 2_500)
  it.row(2_000, { state: 'skipped', reason: 'overlap_skipped' })
  expect(found(it)).toEqual([])
  expect(found(it.attempt(2_000, { outcome: 'rejected' }, { status: 500 }))).toEqual(['unexplained'])
})

test('a pause that is over cancels nothing more', () => {
  const it = (finishedAt: number) =>
    handMade()
      .asked('pause', 1_100)
      .row(1_000, { state: 'cancelled', reason: 'paused', finishedAt })
      .asked('resume', 1_300)
      .asked('delete', 1_500)
  expect([found(it(1_200)), found(it(1_450))]).toEqual([[], ['unexplained']])
})

test('a reason of a failure is the outcome of the last attempt', () => {
  const it = (outcome: string) =>
    handMade()
      .row(1_000, { state: 'failed', reason: 'rejected' })
      .attempt(1_000, { outcome }, { status: 500 })
      .asked('delete', 1_500)
  expect([found(it('rejected')), found(it('timed_out'))]).toEqual([[], ['unexplained']])
})

test('two runs by hand that were never answered may have an execution each', () => {
  const it = handMade().asked('run', 600, null).asked('run', 700, null).sent(1_000)
  for (const at of [710, 720]) it.row(at, { kind: 'manual', id: `run${at}` }).attempt(at)
  expect(found(it.asked('delete', 1_500))).toEqual([])
  expect(found(it.row(730, { kind: 'manual', id: 'third' }).attempt(730))).toEqual(['phantom'])
})

test('a request of no execution is of a job, and of a time that it may have been due', () => {
  const it = (fields: object) =>
    spoiled(({ arrivals }) => {
      const [first] = arrivals
      if (first) arrivals.push({ ...first, id: 'stray', ...fields })
    })
  expect(found(it({}))).toEqual(['unexplained'])
  expect(found(it({ job: 'other' }))).toEqual(['phantom'])
  expect(found(it({ scheduledFor: 1_250 }))).toEqual(['phantom'])
  expect(found(it({ scheduledFor: 3_000 }))).toEqual(['phantom'])
})

test('an attempt is recorded once, and none is made that the execution does not count', () => {
  const twice = spoiled(({ attempts }) => {
    const [first] = attempts
    if (first) attempts.push({ ...first })
  })
  expect(found(twice)).toEqual(['unexplained'])
  const uncounted = spoiled(({ arrivals }) => {
    for (const it of arrivals) it.attempt = 2
  })
  expect(found(uncounted)).toEqual(['unexplained', 'unexplained'])
})

test('an occurrence gives way to a newer one only where a fault kept it from being sent before', () => {
  const it = () => handMade().row(1_000, { state: 'skipped', reason: 'coalesced' }).sent(2_000).asked('delete', 2_500)
  expect(found(it())).toEqual(['late'])
  expect(found(it().fault(900, 1_900))).toEqual([])
})
