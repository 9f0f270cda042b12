import type { Notify } from './delivery.ts'
import type { Event } from './event.ts'
import type { Notice } from './notice.ts'
import { GONE } from './retry.ts'

/** A job as its events find it. */
export interface Concerned {
  id: string
  name: string | null
  tags: string[]
  externalId: string | null
  version: number
  /** Whether it makes occurrences; no other job needs to be paused. */
  isActive: boolean
  /** Executions that have failed for good since the last success. */
  failedInRow: number
  pauseAfter: number | null
  notify: Notify | null
}

/** What follows from a job's events. */
export interface Aftermath {
  failedInRow: number
  /** Why the job is to be paused; null when it is not. */
  pause: string | null
  notices: Notice[]
}

/**
 * What follows from the events of one job, in the order in which they happened.
 *
 * @param overtaken ids of failures after which the job has succeeded already: with them no row of failures begins
 */
export function aftermathOf(job: Concerned, events: readonly Event[], overtaken: ReadonlySet<string>): Aftermath {
  const notices: Notice[] = []
  let failedInRow = job.failedInRow
  let pause: string | null = null
  const tell = (type: Notice['type'], { at, executionId, data }: Event, more: Record<string, unknown> = {}) => {
    const execution = executionId === null ? {} : { execution_id: executionId }
    notices.push({ type, at, jobId: job.id, data: { ...aboutJob(job), ...execution, ...data, ...more } })
  }

  for (const event of events) {
    if (event.type === 'execution.missed') tell('execution.missed', event)
    if (event.type === 'execution.succeeded') {
      if (failedInRow > 0) tell('job.recovered', event, { failures: failedInRow })
      failedInRow = 0
    }
    if (event.type !== 'execution.failed') continue
    if (failedInRow > 0 || !overtaken.has(event.id)) {
      failedInRow += 1
      if (failedInRow === 1) tell('job.failing', event)
    }
    tell('execution.dead_lettered', event)
    const why: Why | null = pause === null && job.isActive ? whyPaused(job, event, failedInRow) : null
    if (!why) continue
    pause = why.reason
    tell('job.paused', event, { cause: why.cause, failures: failedInRow, status_reason: why.reason })
  }
  return { failedInRow, pause, notices }
}

/** What is told of a job: what its client knows it by. */
const aboutJob = ({ id, name, tags, externalId }: Concerned) => ({ job_id: id, name, tags, external_id: externalId })

interface Why {
  cause: 'gone' | 'failures'
  /** The job's `status_reason`. */
  reason: string
}

function whyPaused(job: Concerned, { at, data }: Event, failedInRow: number): Why | null {
  const when = at.toISOString()
  // Of the job as it was: what was edited or resumed since may have another receiver.
  if (data.status === GONE && data.job_version === job.version) {
    return { cause: 'gone', reason: `Its receiver answered 410 Gone at ${when}; resume it once the URL is right.` }
  }
  // A job that is resumed while it fails has as many failures again until it is paused once more.
  if (!job.pauseAfter || failedInRow === 0 || failedInRow % job.pauseAfter !== 0) return null
  const many = failedInRow === 1 ? 'Its last execution' : `Its last ${failedInRow} executions`
  const reason = `${many} failed for good, the latest at ${when}; resume it once its receiver works.`
  return { cause: 'failures', reason }
}
