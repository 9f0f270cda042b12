import { sayCount, sayDuration } from '@scheduler/core/say-time'
import { said } from './explain-said.ts'
import type { Told } from './explain-subject.ts'

type Attempt = Told['row']['attempts'][number]

/** Long after its answer, ms: longer than a busy worker takes to write one down. */
const LONG_AFTER_MS = 1_000

/** When it ran, how many attempts it needed, and what its receiver said. */
export function saySuccess(told: Told): string {
  const { row } = told
  const [first] = row.attempts
  const last = row.attempts.findLast((it) => it.outcome === 'succeeded') ?? row.attempts.at(-1)
  if (!first || !last) return `It succeeded on attempt ${row.attempt}, at ${said(row.finishedAt, told)}`
  const redriven = row.redrivenAt ? `; it was redriven at ${said(row.redrivenAt, told)}` : ''
  const receiver = isAcknowledged(last, told)
    ? `its receiver acknowledged attempt ${last.attempt} at ${said(last.finishedAt, told)}`
    : `the receiver answered ${last.status ?? '2xx'} on attempt ${last.attempt}`
  const late = lateness(last, told)
  if (first === last) return `It ran ${late} late and ${receiver}${redriven}`
  const needed = `It needed ${sayCount(last.attempt, 'attempt')}, the first ${lateness(first, told)} and the last ${late} late`
  return `${needed}, and ${receiver}${redriven}`
}

function lateness({ startedAt }: Attempt, { row, rule }: Told): string {
  // What was sent late on purpose, at a rate, has the time of its turn as its effective one.
  const isTurn = row.effectiveAt.getTime() - row.scheduledFor.getTime() > (rule?.policies.jitterSeconds ?? 0) * 1_000
  const due = isTurn ? row.scheduledFor : row.effectiveAt
  return sayDuration(Math.max(0, startedAt.getTime() - due.getTime()))
}

/**
 * Whether the receiver said later that its work was done. The ledger does not tell it from a 202 that was a success by itself,
 * but where it came long after the answer, or before its worker wrote one down.
 */
function isAcknowledged(
  { status, startedAt, finishedAt, totalMs }: Attempt,
  { job, isEdited, canTell }: Told,
): boolean {
  if (status === null) return true
  if (status !== 202) return false
  if (totalMs !== null && finishedAt.getTime() - startedAt.getTime() - totalMs > LONG_AFTER_MS) return true
  return canTell && !isEdited && job.delivery?.async !== undefined
}
