// A worker that is right, in small: what becomes of one execution that was dispatched.
import type { AttemptRow, Definition, LedgerRow } from '../history.ts'
import type { Span } from './model-changes.ts'
import type { Model } from './model-job.ts'

/** How the receiver of a job is. */
export interface Receiving {
  delayMs: number
  /** How many attempts it answers with a failure. */
  fails: number
}

interface Sending {
  row: LedgerRow
  spans: Span[]
  definitions: Definition[]
  receiving: Receiving
}

const MOST_ATTEMPTS = 4

/** Attempts an execution until it is finished. Returns when that is written. */
export function send(model: Model, sending: Sending, dispatchedAt: number): number {
  const { dice, faults } = model
  const { row } = sending
  /** Since when it waits; null while its attempt is lost, and no pause can take it. */
  let waitsSince: number | null = dispatchedAt
  let at = faults.healthy(dispatchedAt + dice.int(1, 30))
  let failures = 0
  for (;;) {
    const stop = stopped(sending, waitsSince ?? at, at, dispatchedAt)
    if (stop) return end(row, 'cancelled', stop.reason, stop.at)
    row.attempt += 1
    const attempt = attemptOf(model, sending, at)
    if (attempt.outcome === 'succeeded') return faults.healthy(end(row, 'succeeded', null, attempt.finishedAt) + 4)
    if (attempt.outcome === 'abandoned') {
      waitsSince = null
      at = attempt.finishedAt
      continue
    }
    failures += 1
    if (failures === MOST_ATTEMPTS) return end(row, 'failed', attempt.outcome, attempt.finishedAt)
    waitsSince = attempt.finishedAt
    at = faults.healthy(attempt.finishedAt + dice.int(10_000, 12_000))
  }
}

function end(row: LedgerRow, state: string, reason: string | null, at: number): number {
  Object.assign(row, { state, reason, finishedAt: at })
  return at
}

/** A pause or a delete that came while it waited, or that is in force when its lost attempt comes back. */
function stopped({ spans }: Sending, since: number, at: number, createdAt: number) {
  const stop = spans.find((it) => it.status !== 'active' && it.since > createdAt && it.from <= at && it.to > since)
  return stop && { at: Math.max(stop.from, since), reason: stop.status }
}

function attemptOf(
  { dice, faults, history }: Model,
  { row, spans, definitions, receiving }: Sending,
  claimedAt: number,
) {
  const version = spans.findLast((it) => it.from <= claimedAt)?.version ?? 0
  const pid = faults.pid(claimedAt)
  const startedAt = claimedAt + dice.int(0, 3)
  const arrivedAt = startedAt + dice.int(1, 5)
  const answeredAt = arrivedAt + receiving.delayMs
  const status = row.attempt <= receiving.fails ? 500 : 200
  const fault = faults.losing(pid, claimedAt, answeredAt + 5)
  const isLost = fault !== undefined && (fault.pids !== null || dice.chance(0.5))
  const record = (outcome: string, finishedAt: number): AttemptRow => {
    const it = { executionId: row.id, attempt: row.attempt, outcome, status: null, startedAt, finishedAt, pid }
    history.attempts.push(it)
    return it
  }
  if (faults.isCut(arrivedAt)) return record('unreachable', startedAt + 5)
  if (!isLost || !fault.pids || arrivedAt < fault.from) {
    history.arrivals.push({
      ...{ id: row.id, job: row.jobId, scheduledFor: row.scheduledFor, attempt: row.attempt, at: arrivedAt, status },
      ...{ endedAt: answeredAt, path: definitions[version]?.path ?? '', port: 1, awayUntil: null },
    })
  }
  if (!isLost) return record(status === 200 ? 'succeeded' : 'rejected', answeredAt + 1)
  fault.inFlight = (fault.inFlight ?? 0) + 1
  return record('abandoned', faults.healthy(Math.max(fault.to, fault.from + 10_000) + dice.int(50, 3_000)))
}
