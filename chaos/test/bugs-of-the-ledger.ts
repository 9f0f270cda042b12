// What a scheduler may forget or record wrongly, each done to one execution of a sound history.
import { after, type Bug, edit, killed } from './bug.ts'
import { endWith, forget, neverSent, repeat } from './victims.ts'

export const bugsOfTheLedger: Bug[] = [
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
        // What had been sent before was finished for long.
        const others = history.ledger.filter((row) => row.jobId === it.job.id && row !== it.row)
        for (const row of others) row.finishedAt = Math.min(row.scheduledFor, it.row.scheduledFor - 1_000) + 50
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
