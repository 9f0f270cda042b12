import { resolveStored } from '@scheduler/core/datetime'
import { writeRrule } from '@scheduler/core/read-rule'
import { defaultDst, type Schedule } from '@scheduler/core/schedule'
import { formatInZone, parseZone } from '@scheduler/core/timezone'
import type { FullExecution } from '@scheduler/db/queries/executions'
import { FAR } from '@scheduler/db/queries/ledger-rows'
import type { Circuit } from '@scheduler/db/queries/list-circuits'
import type { BlackoutRow } from '@scheduler/db/schema/blackouts'
import type { CircuitChangeRow } from '@scheduler/db/schema/destinations'
import type { JobRow } from '@scheduler/db/schema/jobs'
import type { z } from 'zod'
import type { BlackoutAnswer, CircuitAnswer, CircuitChangeAnswer, ExecutionAnswer, JobAnswer } from './answers.ts'
import { showDelivery } from './show-delivery.ts'

/** Rows as they go over the wire. Only what is named here leaves the service. */

/** @param convertTo the zone that times are shown in, as given; the job's own without it */
export function toJob(row: JobRow, graceSeconds: number, convertTo?: string): z.infer<typeof JobAnswer> {
  const timezone = convertTo ?? row.timezone
  const show = formatter(timezone)
  const { misfire = {}, jitterSeconds = 0, overlap = 'skip', dst, maxRuns = null, blackouts = [] } = row.policies
  const shown = shower(row.timezone, timezone)
  return {
    job_id: row.id,
    type: row.type,
    schedule_time: show(row.nextScheduledFor),
    effective_at: show(effectiveOf(row)),
    callback_url: row.callbackUrl,
    ...showDelivery(row),
    timezone,
    status: row.status,
    status_reason: row.statusReason,
    paused_until: show(row.pausedUntil),
    resume_missed: row.resumeMissed,
    schedule: toSchedule(row.schedule, shown),
    name: row.name,
    tags: row.tags,
    external_id: row.externalId,
    retention: row.retention && { executions: row.retention.executions ?? null, days: row.retention.days ?? null },
    jitter: jitterSeconds,
    misfire: {
      policy: misfire.policy ?? 'last',
      grace_seconds: misfire.graceSeconds ?? graceSeconds,
      max: misfire.max ?? 1_000,
    },
    overlap,
    dst: { ...defaultDst, ...dst },
    max_runs: maxRuns,
    runs: row.runs,
    blackouts: blackouts.map(({ from, to }) => ({ from: shown(from), to: shown(to) })),
    created_at: show(row.createdAt) ?? '',
    updated_at: show(row.updatedAt) ?? '',
    version: row.version,
  }
}

/** The job looks up earlier where what comes before the next run is not to be sent. */
function effectiveOf({ nextRunAt, nextScheduledFor }: JobRow): Date | null {
  if (!nextRunAt || !nextScheduledFor) return null
  return nextRunAt > nextScheduledFor ? nextRunAt : nextScheduledFor
}

/** Stored datetimes as they are shown; in their own zone as they were given, also those inside a gap. */
function shower(timezone: string, shownIn: string): (text: string) => string {
  const own = parseZone(timezone)
  const zone = parseZone(shownIn)
  return (text) => (own === zone || !own || !zone ? text : formatInZone(resolveStored(text, own).instant, zone))
}

/** The fields that made a schedule. */
export function toSchedule(schedule: Schedule, show: (text: string) => string) {
  if (schedule.type === 'once') return { schedule_time: show(schedule.at) }
  const end_date = schedule.end === undefined ? null : show(schedule.end)
  if (schedule.type === 'interval') {
    return { ...schedule.every, start_date: schedule.anchorGiven ? show(schedule.anchor) : null, end_date }
  }
  const start_date = schedule.start === undefined ? null : show(schedule.start)
  if (schedule.type === 'cron') return { cron: schedule.cron, start_date, end_date }
  return { rrule: writeRrule(schedule), start_date, end_date }
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
      timings: {
        dns_ms: it.dnsMs,
        connect_ms: it.connectMs,
        tls_ms: it.tlsMs,
        first_byte_ms: it.firstByteMs,
        total_ms: it.totalMs,
      },
    })),
    next_attempt_at: row.nextAttemptAt && row.nextAttemptAt < FAR ? show(row.nextAttemptAt) : null,
    failures: row.failures,
    flow_key: row.flowKey,
    ack_deadline_at: show(row.ackDeadlineAt),
    created_at: show(row.createdAt) ?? '',
    finished_at: show(row.finishedAt),
    dead_at: show(row.deadAt),
    redriven_at: show(row.redrivenAt),
  }
}

/** @param timezone the zone that times are shown in */
export function toBlackout(row: BlackoutRow, timezone: string): z.infer<typeof BlackoutAnswer> {
  const show = formatter(timezone)
  return {
    blackout_id: row.id,
    tag: row.tag,
    from: show(row.fromAt) ?? '',
    to: show(row.toAt) ?? '',
    reason: row.reason,
    created_at: show(row.createdAt) ?? '',
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
    drain_order: row.drainOrder,
    draining_since: show(row.drainingSince),
    parked: row.parked,
    parked_is_lower_bound: row.parkedIsLowerBound,
  }
}

/** @param timezone the zone that times are shown in */
export function toCircuitChange(row: CircuitChangeRow, timezone: string): z.infer<typeof CircuitChangeAnswer> {
  const { state, cause, failures, parked } = row
  return { state, cause, failures, parked, at: formatter(timezone)(row.at) ?? '' }
}

/** ISO 8601 with the zone's offset; null for null. A zone that is no longer known is shown as UTC. */
function formatter(timezone: string): (at: Date | null) => string | null {
  const zone = parseZone(timezone) ?? 'UTC'
  return (at) => at && formatInZone(at.getTime(), zone)
}
