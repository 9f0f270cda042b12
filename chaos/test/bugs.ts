// What a scheduler may get wrong, each done to one execution of a sound history.
import type { Dice } from '@scheduler/core/test/dice'
import type { Kind } from '../checker/judgement.ts'
import type { Change, Fault, History } from '../history.ts'
import { addLike, endWith, forget, move, neverSent, repeat, type Victim } from './victims.ts'

export interface Bug {
  name: string
  /** What it must be reported as; null where it is none. */
  is: Kind | null
  do(history: History, victim: Victim, dice: Dice): void
}

const ask = (kind: Change['kind'], sentAt: number, answeredAt: number): Change => ({ kind, sentAt, answeredAt })

/** So long after the execution's time, and answered 50 ms later. */
const after = (kind: Change['kind'], { row }: Victim, ms: number) =>
  ask(kind, row.scheduledFor + ms, row.scheduledFor + ms + 50)

/** An edit that leaves nothing to be due for certain. */
function edit({ row }: Victim, ms: number): Change {
  const change = ask('edit', row.scheduledFor + ms, row.scheduledFor + ms + 50)
  return { ...change, definition: { due: { type: 'once', at: change.sentAt + 1 }, path: '/new', coalesces: false } }
}

function killed({ arrival, attempt }: Victim, fields: Partial<Fault> = {}): Fault {
  const pids = attempt.pid === null ? null : [attempt.pid]
  return { kind: 'worker killed', from: arrival.at, to: arrival.at + 50, pids, mayRepeat: true, inFlight: 1, ...fields }
}

export const bugs: Bug[] = [
  { name: 'an occurrence is forgotten', is: 'lost', do: forget },
  {
    name: 'a success is recorded of what was never sent',
    is: 'lost',
    do: (history, { row }) => {
      history.arrivals = history.arrivals.filter(({ id }) => id !== row.id)
    },
  },
  {
    name: 'a success is recorded of what was answered with a failure',
    is: 'lost',
    do: (_, { arrival }) => void Object.assign(arrival, { status: 503 }),
  },
  {
    name: 'an execution is never finished',
    is: 'lost',
    do: (_, { row }) => void Object.assign(row, { state: 'running', finishedAt: null }),
  },
  {
    name: 'it is coalesced, and nothing newer sent',
    is: 'lost',
    do: (history, it) => {
      endWith(history, it, after('delete', it, 100))
      neverSent(history, it, 'skipped', 'coalesced')
    },
  },
  {
    name: 'a run by hand has no execution',
    is: 'lost',
    do: (_, it) => {
      it.job.changes.push(after('run', it, 700))
    },
  },
  { name: 'it is sent before its time', is: 'early', do: (_, it) => move(it, -7, -0.5) },
  { name: 'it is sent late', is: 'late', do: (_, it) => move(it, 2_500, 2_502) },
  {
    name: 'it waits for long until a delete cancels it',
    is: 'late',
    do(history, it) {
      endWith(history, it, after('delete', it, 4_000))
      neverSent(history, it, 'cancelled', 'deleted')
      it.row.finishedAt = it.row.scheduledFor + 4_020
    },
  },
  {
    name: 'it is sent twice after its worker was killed',
    is: null,
    do(history, it) {
      history.faults.push(killed(it))
      repeat(history, it)
    },
  },
  { name: 'it is sent twice for no reason', is: 'unexplained', do: (history, it) => repeat(history, it) },
  {
    name: 'it is sent twice after another worker was killed',
    is: 'unexplained',
    do(history, it) {
      history.faults.push(killed(it, { pids: [7] }))
      repeat(history, it)
    },
  },
  {
    name: 'it is sent twice after a fault that repeats nothing',
    is: 'unexplained',
    do(history, it) {
      history.faults.push(killed(it, { mayRepeat: false }))
      repeat(history, it)
    },
  },
  {
    name: 'it is sent twice after its worker was killed too late',
    is: 'unexplained',
    do(history, it) {
      repeat(history, it)
      Object.assign(it.attempt, { outcome: 'succeeded', finishedAt: (it.arrival.endedAt ?? 0) + 1 })
      history.faults.push(killed(it, { from: it.arrival.at + 4_000, to: it.arrival.at + 4_050 }))
    },
  },
  {
    name: 'more is sent twice than was in flight',
    is: 'duplicated',
    do(history, it) {
      history.faults.push(killed(it, { inFlight: 0 }))
      repeat(history, it)
    },
  },
  {
    name: 'it is sent twice as the same attempt',
    is: 'unexplained',
    do(history, { arrival }) {
      history.arrivals.push({ ...arrival, at: arrival.at + 3_000, endedAt: arrival.at + 3_001 })
    },
  },
  {
    name: 'it is sent under another id too',
    is: 'unexplained',
    do(history, { arrival }, dice) {
      history.arrivals.push({ ...arrival, id: dice.uuid() })
    },
  },
  {
    name: 'it has two executions',
    is: 'unexplained',
    do: (history, it, dice) => addLike(history, it, dice.uuid(), {}),
  },
  {
    name: 'its job is made up',
    is: 'phantom',
    do(history, it, dice) {
      addLike(history, it, dice.uuid(), { jobId: dice.uuid() })
    },
  },
  {
    name: 'its time is made up',
    is: 'phantom',
    do(history, it, dice) {
      addLike(history, it, dice.uuid(), { scheduledFor: it.row.scheduledFor + dice.int(1, 499) })
    },
  },
  {
    name: 'a run by hand is made up',
    is: 'phantom',
    do(history, it, dice) {
      addLike(history, it, dice.uuid(), { kind: 'manual' })
    },
  },
  {
    name: 'it was due while its job was paused',
    is: 'phantom',
    do: (history, it) => {
      endWith(history, it, after('pause', it, -100))
    },
  },
  {
    name: 'it was due after its job was deleted',
    is: 'phantom',
    do: (history, it) => {
      endWith(history, it, after('delete', it, -100))
    },
  },
  ...(['delete', 'pause'] as const).flatMap((kind): Bug[] => [
    {
      name: `it begins after a ${kind} was answered`,
      is: 'phantom',
      do(history, it) {
        endWith(history, it, after(kind, it, 100))
        move(it, 155, 160)
      },
    },
    {
      name: `it had begun before a ${kind} was answered`,
      is: null,
      do(history, it) {
        endWith(history, it, after(kind, it, 100))
        move(it, 140, 300)
      },
    },
    {
      name: `it had begun before a ${kind} was answered, and comes much later`,
      is: 'phantom',
      do(history, it) {
        endWith(history, it, after(kind, it, 100))
        move(it, 140, 600)
      },
    },
    {
      name: `a network that was slow held it up while a ${kind} was answered`,
      is: null,
      do(history, it) {
        endWith(history, it, after(kind, it, 100))
        move(it, 140, 600)
        history.faults.push(killed(it, { from: it.row.scheduledFor, to: it.row.scheduledFor + 600, mayRepeat: false }))
      },
    },
    {
      name: `its worker stood still while a ${kind} was answered`,
      is: null,
      do(history, it) {
        endWith(history, it, after(kind, it, 100))
        move(it, 600, 605)
        history.faults.push(killed(it, { from: it.row.scheduledFor + 60, to: it.row.scheduledFor + 590 }))
      },
    },
    {
      name: `a ${kind} was not answered`,
      is: null,
      do(history, it) {
        endWith(history, it, { ...after(kind, it, 100), answeredAt: null })
        move(it, 600, 605)
      },
    },
  ]),
  {
    name: 'the old version is sent after an edit',
    is: 'phantom',
    do(history, it) {
      endWith(history, it, edit(it, 100))
      move(it, 155, 160)
    },
  },
  {
    name: 'the old version had begun before an edit was answered',
    is: null,
    do(history, it) {
      endWith(history, it, edit(it, 100))
      move(it, 140, 300)
    },
  },
  {
    name: 'the new version is sent after an edit',
    is: null,
    do(history, it) {
      endWith(history, it, edit(it, 100))
      move(it, 155, 160)
      it.arrival.path = '/new'
    },
  },
  {
    name: 'the new version is sent before an edit',
    is: 'phantom',
    do(history, it) {
      endWith(history, it, edit(it, 100))
      move(it, 2, 4)
      it.arrival.path = '/new'
    },
  },
  {
    name: 'it is sent to a path that no version has',
    is: 'phantom',
    do: (_, { arrival }) => {
      arrival.path = '/nowhere'
    },
  },
  ...(
    [
      ['cancelled', 'deleted'],
      ['cancelled', 'paused'],
      ['cancelled', 'superseded'],
      ['cancelled', 'cancelled_by_hand'],
      ['cancelled', null],
      ['skipped', 'paused'],
      ['skipped', 'overlap_skipped'],
      ['skipped', 'blackout'],
      ['skipped', 'missed_grace'],
      ['skipped', null],
      ['expired', 'missed_grace'],
      ['failed', 'worker_crashed'],
      ['failed', 'blocked_destination'],
      ['failed', null],
    ] as const
  ).map(
    ([state, reason]): Bug => ({
      name: `it is ${state} ${reason}, which nobody caused`,
      is: 'unexplained',
      do(history, it) {
        // Of a job that was neither paused nor deleted near it.
        endWith(history, it, edit(it, 100))
        neverSent(history, it, state, reason)
      },
    }),
  ),
  ...(['rejected', 'timed_out', 'unreachable'] as const).map(
    (reason): Bug => ({
      name: `it is failed ${reason}, though it was answered with a success`,
      is: 'unexplained',
      do(_, { row, attempt }) {
        Object.assign(row, { state: 'failed', reason })
        attempt.outcome = reason
      },
    }),
  ),
  {
    name: 'a success that is recorded is overruled',
    is: 'unexplained',
    do(history, it) {
      endWith(history, it, after('delete', it, 100))
      Object.assign(it.row, { state: 'cancelled', reason: 'deleted', finishedAt: it.row.scheduledFor + 120 })
    },
  },
  {
    name: 'an attempt is missing',
    is: 'unexplained',
    do(history, it) {
      history.faults.push(killed(it))
      repeat(history, it)
      history.attempts = history.attempts.filter((attempt) => attempt !== it.attempt)
    },
  },
  {
    name: 'a number is left out',
    is: 'unexplained',
    do(_, { row, arrival, attempt }) {
      row.attempt = arrival.attempt = attempt.attempt = 2
    },
  },
  {
    name: 'no attempt of it succeeded',
    is: 'unexplained',
    do(history, it) {
      history.attempts = history.attempts.filter((attempt) => attempt !== it.attempt)
    },
  },
  {
    name: 'it is not in the ledger',
    is: 'unexplained',
    do(history, { row, attempt }) {
      history.ledger = history.ledger.filter((it) => it !== row)
      history.attempts = history.attempts.filter((it) => it !== attempt)
    },
  },
  {
    name: 'its attempts alone are in the ledger',
    is: 'unexplained',
    do(history, { attempt }, dice) {
      history.attempts.push({ ...attempt, executionId: dice.uuid() })
    },
  },
  {
    name: 'it says that it is of another job',
    is: 'unexplained',
    do(_, { arrival }, dice) {
      arrival.job = dice.uuid()
    },
  },
  {
    name: 'it says that it is of another time',
    is: 'unexplained',
    do: (_, { arrival }) => {
      arrival.scheduledFor += 1
    },
  },
]
