// Attempts that are numbered wrongly, and requests that repeat one which was answered with a success.
import type { Arrival, AttemptRow } from '../history.ts'
import { answeredWell, type Execution } from './index-of.ts'
import type { Trial } from './judgement.ts'
import { execution, when } from './words.ts'

/** Within so long a request whose kept connection was closed under it is sent once more, as the same attempt, ms. */
const RESEND_MS = 2_000

/** Reports attempts that are missing, and numbers that were not made. */
export function judgeNumbers({ faults, findings, quietSince }: Trial, { row, arrivals, attempts }: Execution): void {
  const told = (fault: string) => findings.unexplained.push(`${execution(row)} ${fault}`)
  const numbers = attempts.map(({ attempt }) => attempt)
  const most = Math.max(row.attempt, ...numbers, ...arrivals.map(({ attempt }) => attempt))
  if (most > row.attempt) return void told(`is at attempt ${row.attempt}, but there is one with number ${most}`)
  const has = new Set(numbers)
  if (has.size < numbers.length) return void told('has two records of one attempt')
  const missing = Array.from({ length: row.attempt }, (_, n) => n + 1).filter((it) => !has.has(it))
  // A success that comes late ends it, whatever is in flight then; should that be lost as well, nobody records it.
  const success = attempts.find(({ outcome }) => outcome === 'succeeded')
  const isLost = (it: number) =>
    row.state === 'succeeded' &&
    success !== undefined &&
    it > success.attempt &&
    faults.mayRepeat(success.startedAt, quietSince, null)
  const gap = missing.find((it) => !isLost(it))
  if (gap !== undefined && !(row.state === 'succeeded' && attempts.length === 0)) {
    told(`has no record of its attempt ${gap} of ${row.attempt}`)
  }
}

/** Requests that followed one which had been answered with a success; and those of them that a fault explains. */
export interface Repeats {
  repeated: number
  witnessed: number
  /** Of all requests, those that a worker made which had stood still since it claimed. */
  heldUp: number
}

/** Reports requests that nothing had made necessary. */
export function judgeRepeats(trial: Trial, { row, arrivals, attempts }: Execution): Repeats {
  const repeats = { repeated: 0, witnessed: 0, heldUp: 0 }
  for (const [n, next] of arrivals.entries()) {
    const before = arrivals[n - 1]
    if (!before) continue
    const isAgain = arrivals.slice(0, n).some((it) => it.attempt >= next.attempt)
    const isRepeated = answeredWell(before)
    const isHeldUp = isAgain && wasHeldUp(trial, next, attempts)
    if (isRepeated) repeats.repeated += 1
    if (isHeldUp) repeats.heldUp += 1
    const attempt = attempts.find((it) => it.attempt === before.attempt)
    const told = `${execution(row)} arrived again at ${when(next.at)} as attempt ${next.attempt}`
    if (isAgain && !isHeldUp && !wasResent(trial, before, next)) {
      trial.findings.unexplained.push(`${told}, after attempt ${before.attempt}`)
    } else if (isRepeated && !isHeldUp && !hasWitness(trial, before, next, attempt)) {
      trial.findings.unexplained.push(`${told}: attempt ${before.attempt} had been answered, and no fault was on then`)
    } else if (isRepeated) repeats.witnessed += 1
  }
  return repeats
}

const wasResent = ({ faults }: Trial, before: Arrival, next: Arrival): boolean =>
  before.attempt === next.attempt && next.at - before.at <= RESEND_MS && faults.mayRepeat(before.at, next.at, null)

/** Whether its worker stood still between claiming and sending it: another has made it again by then. */
function wasHeldUp({ faults, promptMs }: Trial, { attempt, at }: Arrival, attempts: AttemptRow[]): boolean {
  const own = attempts.find((it) => it.attempt === attempt && it.outcome === 'abandoned')
  // It was stopped before it could have sent it.
  return own !== undefined && faults.stoodStill(own.startedAt + promptMs, at, own.pid)
}

/** Whether a fault hit the earlier one's worker between its arrival and the moment at which its outcome was written for sure. */
function hasWitness(
  { faults, promptMs }: Trial,
  before: Arrival,
  next: Arrival,
  attempt: AttemptRow | undefined,
): boolean {
  const isKnown = attempt && attempt.outcome !== 'abandoned'
  const settled = isKnown ? Math.max(attempt.finishedAt, before.endedAt ?? 0) + promptMs : attempt?.finishedAt
  return faults.mayRepeat(before.at, Math.min(settled ?? next.at, next.at), attempt?.pid ?? null)
}

/** Reports records of attempts whose execution the ledger does not have. */
export function judgeStrayAttempts({ index, findings }: Trial): void {
  for (const id of new Set(index.strays.attempts.map((it) => it.executionId))) {
    findings.unexplained.push(`attempts of an execution ${id} are recorded that the ledger does not have`)
  }
}
