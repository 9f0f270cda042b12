import { said } from './explain-said.ts'
import type { Told } from './explain-subject.ts'

/** How a person's request to cancel an execution has found it, and what came of it. */
export function sayCancelled(told: Told): string {
  const { row } = told
  const { state, attempt, cancelRequestedAt } = row
  if (state === 'running') {
    return `It is being cancelled by hand, since ${said(cancelRequestedAt, told)}: attempt ${attempt}, which began at ${said(row.claimedAt, told)}, is broken off`
  }
  if (cancelRequestedAt) {
    return `It was cancelled by hand at ${said(cancelRequestedAt, told)}, while attempt ${attempt} was in flight`
  }
  const done = `It was cancelled by hand at ${said(row.finishedAt, told)}`
  if (attempt === 0) return `${done}, before it was sent`
  if (row.attempts.at(-1)?.outcome !== 'accepted') return `${done}, before attempt ${attempt + 1}`
  return `${done}: its receiver had answered 202 on attempt ${attempt} and not said yet how its work ended`
}
