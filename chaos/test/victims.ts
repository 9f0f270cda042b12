// One execution of a sound history, to do something to, and ways of doing it.
import type { Dice } from '@scheduler/core/test/dice'
import type { Arrival, AttemptRow, Change, History, JobHistory, LedgerRow } from '../history.ts'

/** An execution that succeeded at once, with all that belongs to it. */
export interface Victim {
  job: JobHistory
  row: LedgerRow
  arrival: Arrival
  attempt: AttemptRow
}

/** Around it nothing was asked of its job, and no other execution's reason depends on it. Undefined where there is none. */
export function victim(history: History, dice: Dice, fits: (it: Victim) => boolean): Victim | undefined {
  const busy = new Set(
    history.ledger.filter((it) => it.state !== 'succeeded' || it.kind === 'manual').map((it) => it.jobId),
  )
  const jobs = new Map(history.jobs.map((it) => [it.id, it]))
  const arrivalsOf = Map.groupBy(history.arrivals, ({ id }) => id)
  const attemptOf = new Map(history.attempts.map((it) => [it.executionId, it]))
  const all = history.ledger.flatMap((row) => {
    const [job, attempt] = [jobs.get(row.jobId), attemptOf.get(row.id)]
    const arrivals = arrivalsOf.get(row.id) ?? []
    const [arrival] = arrivals
    const isPlain = row.kind === 'schedule' && row.state === 'succeeded' && row.attempt === 1 && arrivals.length === 1
    return job && arrival && attempt && isPlain && !busy.has(job.id) && isCalm(job.changes, row.scheduledFor)
      ? [{ job, row, arrival, attempt }]
      : []
  })
  const fitting = all.filter(fits)
  return fitting.length === 0 ? undefined : dice.pick(fitting)
}

function isCalm(changes: Change[], at: number): boolean {
  return changes.every(({ kind, sentAt, answeredAt }) => {
    const isNear = sentAt < at + 15_000 && (answeredAt ?? Infinity) > at - 1_500
    return !isNear && answeredAt !== null && !(kind === 'pause' && sentAt > at)
  })
}

/** Takes all that is known of an execution away. */
export function forget(history: History, { row }: Victim): void {
  history.ledger = history.ledger.filter((it) => it !== row)
  forgetRequests(history, row.id)
}

export function forgetRequests(history: History, id: string): void {
  history.arrivals = history.arrivals.filter((it) => it.id !== id)
  history.attempts = history.attempts.filter((it) => it.executionId !== id)
}

/** Has the execution end without a request. */
export function neverSent(history: History, { row }: Victim, state: string, reason: string | null): void {
  forgetRequests(history, row.id)
  Object.assign(row, { state, reason, attempt: 0 })
}

/** The execution is the job's last: what was asked of it or came due later is not, but for one more change. */
export function endWith(history: History, { job, row }: Victim, change: Change): void {
  const later = history.ledger.filter((it) => it.jobId === job.id && it.scheduledFor > row.scheduledFor)
  for (const { id } of later) forgetRequests(history, id)
  history.ledger = history.ledger.filter((it) => !later.includes(it))
  job.changes = [...job.changes.filter(({ sentAt }) => sentAt < row.scheduledFor), change]
}

/** Has its request begin and arrive so long after its time, ms. */
export function move({ row, arrival, attempt }: Victim, startedMs: number, arrivedMs: number): void {
  const lasts = (arrival.endedAt ?? arrival.at) - arrival.at
  attempt.startedAt = row.scheduledFor + startedMs
  arrival.at = row.scheduledFor + arrivedMs
  arrival.endedAt = arrival.at + lasts
  attempt.finishedAt = row.finishedAt = arrival.endedAt + 1
}

/** Sends it once more, ms after it came. */
export function repeat(history: History, { row, arrival, attempt }: Victim, afterMs = 12_000): void {
  const at = arrival.at + afterMs
  row.attempt = 2
  history.arrivals.push({ ...arrival, attempt: 2, at, endedAt: at + 20 })
  history.attempts.push({ ...attempt, attempt: 2, startedAt: at - 2, finishedAt: at + 21 })
  Object.assign(attempt, { outcome: 'abandoned', finishedAt: at - 10 })
  row.finishedAt = at + 21
}

/** One more execution of its job, like it, but for what is given. */
export function addLike(
  history: History,
  { row, arrival, attempt }: Victim,
  id: string,
  fields: Partial<LedgerRow>,
): void {
  const copy = { ...row, id, ...fields }
  const { jobId: job, scheduledFor } = copy
  const by = scheduledFor - row.scheduledFor
  history.ledger.push(copy)
  history.arrivals.push({ ...arrival, id, job, scheduledFor, at: arrival.at + by })
  history.attempts.push({
    ...attempt,
    executionId: id,
    startedAt: attempt.startedAt + by,
    finishedAt: attempt.finishedAt + by,
  })
}
