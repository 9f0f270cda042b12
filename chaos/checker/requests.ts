// Requests that came too early, too late, or to where and when they should not have come.
import type { Arrival, AttemptRow } from '../history.ts'
import { mayBeDue } from './expected.ts'
import type { Execution } from './index-of.ts'
import type { Trial } from './judgement.ts'
import { certainlySince, type JobState, type Life, mayHaveBeen, statesAt } from './life.ts'
import { execution, occurrence, seconds, when } from './words.ts'

/** Of the execution's first request, how late it was, ms, and whether a fault was the reason; null where none arrived. */
export interface Lateness {
  ms: number
  byFault: boolean
}

/** @param life of its job */
export function judgeRequests(trial: Trial, life: Life, it: Execution): Lateness | null {
  const { findings, faults, lateMs } = trial
  const { row, arrivals } = it
  const [first] = arrivals
  if (!first) return null
  const strange = arrivals.find(({ job, scheduledFor }) => job !== row.jobId || scheduledFor !== row.scheduledFor)
  if (strange) {
    const { job, scheduledFor } = strange
    findings.unexplained.push(`${execution(row)} was sent as of job ${job}, ${when(scheduledFor)}`)
  }
  const wrong = arrivals.map((arrival) => wrongly(trial, life, it, arrival)).find((fault) => fault !== null)
  if (wrong) findings.phantom.push(`${execution(row)} ${wrong}`)
  const ms = first.at - row.scheduledFor
  if (ms < 0) findings.early.push(`${execution(row)} arrived ${(-ms).toFixed(1)} ms before its time`)
  const isExplained = faults.mayTake(row.scheduledFor, first.at)
  if (!isExplained) findings.late.push(`${execution(row)} arrived ${seconds(ms)} after its time, and no fault was on`)
  return { ms, byFault: isExplained && ms > lateMs }
}

/** Why this request should not have been made, or not there; null where it may have been. */
function wrongly(trial: Trial, life: Life, { row, attempts }: Execution, arrival: Arrival): string | null {
  const attempt = attempts.find((it) => it.attempt === arrival.attempt)
  const began = Math.min(attempt?.startedAt ?? arrival.at, arrival.at)
  const stopped = (state: JobState) => isStopped(life, state, row.kind === 'manual' ? row.scheduledFor : null)
  const since = certainlySince(life, arrival.at, stopped)
  if (since !== null && !mayStillCome(trial, since, arrival, attempt)) {
    const was = statesAt(life, arrival.at).map(({ status }) => (status === 'absent' ? 'not created yet' : status))
    return `arrived at ${when(arrival.at)}, though its job was ${[...new Set(was)].join(' or ')} since ${when(since)}`
  }
  const version = life.definitions.findIndex(({ path }) => path === arrival.path)
  if (version === -1) return `arrived at ${arrival.path}, which is the path of no version of its job`
  const hasIt = (state: JobState) => state.version === version
  if (mayHaveBeen(life, began, arrival.at, hasIt)) return null
  const gone = certainlySince(life, arrival.at, (state) => !hasIt(state))
  if (gone !== null && mayStillCome(trial, gone, arrival, attempt)) return null
  return `arrived at ${when(arrival.at)} at ${arrival.path}, which was not its job's path since ${when(gone ?? Number.NaN)}`
}

/** Whether no attempt may begin: of a job that is paused one that was run by hand during the pause does. */
function isStopped({ job }: Life, { status, pausedBy }: JobState, ranAt: number | null): boolean {
  if (status !== 'paused') return status !== 'active'
  return ranAt === null || (job.changes[pausedBy ?? -1]?.sentAt ?? 0) > ranAt
}

/**
 * Whether a request that came after a change was answered had begun before: it was recorded so, and was on its way for hardly
 * longer than one takes, or for as long as a fault held it up; or its worker stood still between claiming and sending.
 */
function mayStillCome(
  { faults, promptMs }: Trial,
  since: number,
  { at }: Arrival,
  attempt: AttemptRow | undefined,
): boolean {
  if (!attempt) return false
  if (attempt.startedAt <= since) {
    return at <= since + promptMs || faults.hit(attempt.startedAt, at, attempt.pid)
  }
  return faults.stoodStill(since, attempt.startedAt, attempt.pid)
}

/** Reports requests of executions that the ledger does not have. */
export function judgeStrays({ index, findings }: Trial): void {
  for (const [id, [arrival]] of Map.groupBy(index.strays.arrivals, (it) => it.id)) {
    if (!arrival) continue
    const { job, scheduledFor } = arrival
    const life = index.lives.get(job)
    const what = `a request of ${occurrence(job, scheduledFor)}, with webhook-id ${id}`
    const { byTime, manual } = index.ofJob(job)
    const other = byTime.get(scheduledFor) ?? manual.find(({ row }) => row.scheduledFor === scheduledFor)
    if (!life) findings.phantom.push(`${what}: nobody created that job`)
    else if (other) findings.unexplained.push(`${what}: the execution of that time has the id ${other.row.id}`)
    else if (isAsked(life, scheduledFor)) findings.unexplained.push(`${what}: the ledger has no such execution`)
    else findings.phantom.push(`${what}: nobody asked for it`)
  }
}

function isAsked(life: Life, at: number): boolean {
  const isRun = life.job.changes.some(
    ({ kind, sentAt, answeredAt }) => kind === 'run' && sentAt <= at && at <= (answeredAt ?? Infinity),
  )
  return isRun || mayBeDue(life, at, ({ status }) => status === 'active')
}
