// Whether somebody asked for an execution: its job is known, and its schedule names the time, or a client ran it by hand.
import type { Change } from '../history.ts'
import { mayBeDue, mayHaveNamed } from './expected.ts'
import type { Execution } from './index-of.ts'
import type { Trial } from './judgement.ts'
import { CLOCK_MS, type JobState, type Life } from './life.ts'
import { execution, occurrence } from './words.ts'

/** Reports what nobody asked for. Returns those that somebody did. */
export function judgeAskedFor(trial: Trial): Execution[] {
  const { index, findings } = trial
  const byHand = new Set([...index.lives.values()].flatMap((life) => judgeRuns(trial, life)))
  return [...index.executions.values()].filter((it) => {
    const fault = byHand.has(it) ? null : notAsked(index.lives.get(it.row.jobId), it)
    if (fault) findings[wasSent(it) ? 'phantom' : 'unexplained'].push(`${execution(it.row)} ${fault}`)
    return fault === null
  })
}

/** Whether a request of it was made, or is said to have been. */
export const wasSent = ({ row, arrivals }: Execution): boolean =>
  arrivals.length > 0 || row.attempt > 0 || row.state === 'succeeded'

/** Why nobody can have asked for it; null where somebody may have. */
function notAsked(life: Life | undefined, it: Execution): string | null {
  const { kind, scheduledFor, scheduledUntil, count } = it.row
  if (!life) return 'is of a job that nobody created'
  if (kind !== 'schedule') return 'was not asked for: no run by hand was sent then'
  if (scheduledUntil !== null) {
    const isIt = (them: number[]) => them.length === count && them[0] === scheduledFor && them.at(-1) === scheduledUntil
    return mayHaveNamed(life, scheduledFor, scheduledUntil).some(isIt)
      ? null
      : `stands for ${count} occurrences, which is not what the job's schedule names from the first to the last`
  }
  if (!mayBeDue(life, scheduledFor, () => true)) return "is of a time that the job's schedule did not name then"
  if (!wasSent(it)) return null
  return mayBeDue(life, scheduledFor, isActive)
    ? null
    : 'was sent, though its job was paused or deleted when it was due'
}

const isActive = ({ status }: JobState) => status === 'active'

/** Each run by hand that was answered has one execution, and each that was not may have one. Returns those that there are. */
function judgeRuns({ index, findings, quietSince }: Trial, { job }: Life): Execution[] {
  const { manual } = index.ofJob(job.id)
  const free = new Set(manual.filter(({ row }) => row.kind === 'manual'))
  const runs = job.changes.filter(({ kind }) => kind === 'run')
  const isOf = ({ sentAt, answeredAt }: Change, { row }: Execution) =>
    row.scheduledFor >= sentAt - CLOCK_MS && row.scheduledFor <= (answeredAt ?? quietSince) + CLOCK_MS
  // Those that were answered first: where an answer never came the execution may be of any later moment.
  const inOrder = [...runs.filter((it) => it.answeredAt !== null), ...runs.filter((it) => it.answeredAt === null)]
  return inOrder.flatMap((run) => {
    const found = [...free].find((it) => isOf(run, it))
    if (found) free.delete(found)
    else if (run.answeredAt !== null) findings.lost.push(`${occurrence(job.id, run.sentAt)} by hand, has no execution`)
    return found ?? []
  })
}
