import { resolveStored } from '@scheduler/core/datetime'
import type { Schedule } from '@scheduler/core/schedule'
import { formatInZone, parseZone } from '@scheduler/core/timezone'
import type { FullExecution } from '@scheduler/db/queries/executions'
import type { Circuit } from '@scheduler/db/queries/list-circuits'
import type { JobRow } from '@scheduler/db/schema/jobs'
import type { z } from 'zod'
import type { CircuitAnswer, ExecutionAnswer, JobAnswer } from './answers.ts'

/** Rows as they go over the wire. Only what is named here leaves the service. */

/** @param convertTo the zone that times are shown in, as given; the job's own without it */
export function toJob(row: JobRow, graceSeconds: number, convertTo?: string): z.infer<typeof JobAnswer> {
  const timezone = convertTo ?? row.timezone
  const show = formatter(timezone)
  const { misfire = {}, jitterSeconds = 0 } = row.policies
  return {
    job_id: row.id,
    type: row.type,
    schedule_time: show(row.nextScheduledFor),
    callback_url: row.callbackUrl,
    payload: JSON.parse(row.payload),
    timezone,
    status: row.status,
    status_reason: row.statusReason,
    schedule: toSchedule(row, timezone),
    name: row.name,
    tags: row.tags,
    external_id: row.externalId,
    jitter: jitterSeconds,
    misfire: {
      policy: misfire.policy ?? 'last',
      grace_seconds: misfire.graceSeconds ?? graceSeconds,
      max: misfire.max ?? 1_000,
    },
    created_at: show(row.createdAt) ?? '',
    updated_at: show(row.updatedAt) ?? '',
    version: row.version,
  }
}

function toSchedule({ schedule, timezone }: { schedule: Schedule; timezone: string }, shownIn: string) {
  const own = parseZone(timezone)
  const zone = parseZone(shownIn)
  const show = (text: string): string =>
    own === zone || !own || !zone ? text : formatInZone(resolveStored(text, own).instant, zone)
  if (schedule.type === 'once') return { schedule_time: show(schedule.at) }
  return {
    ...schedule.every,
    start_date: schedule.anchorGiven ? show(schedule.anchor) : null,
    end_date: schedule.end === undefined ? null : show(schedule.end),
  }
}

/** @param timezone the zone that times are shown in */
export function toExecution(row: FullExecution, timezone: string): z.infer<typeof ExecutionAnswer> {
  const show = formatter(timezone)
  return {
    execution_id: row.id,
    job_id: row.jobId,
    job_version: row.jobVersion,
    kind: row.kind,
    scheduled_for: show(row.scheduledFor) ?? '',
    scheduled_until: show(row.scheduledUntil),
    count: row.count,
    effective_at: show(row.effectiveAt) ?? '',
    state: row.state,
    reason: row.reason,
    attempt: row.attempt,
    attempts: row.attempts.map((it) => ({
      attempt: it.attempt,
      outcome: it.outcome,
      status: it.status,
      started_at: show(it.startedAt) ?? '',
      finished_at: show(it.finishedAt) ?? '',
      job_version: it.jobVersion,
      error: it.error,
      response_head: it.responseHead,
    })),
    next_attempt_at: show(row.nextAttemptAt),
    created_at: show(row.createdAt) ?? '',
    finished_at: show(row.finishedAt),
  }
}

export function toCircuit(row: Circuit): z.infer<typeof CircuitAnswer> {
  const show = formatter('UTC')
  return {
    destination: row.destination,
    state: row.state,
    failures: row.failures,
    opened_at: show(row.openedAt),
    retry_at: show(row.retryAt),
    parked: row.parked,
  }
}

/** ISO 8601 with the zone's offset; null for null. A zone that is no longer known is shown as UTC. */
function formatter(timezone: string): (at: Date | null) => string | null {
  const zone = parseZone(timezone) ?? 'UTC'
  return (at) => at && formatInZone(at.getTime(), zone)
}
