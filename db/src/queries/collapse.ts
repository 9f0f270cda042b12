import type { PoolClient } from '../client.ts'
import { recordEvents } from './events.ts'
import { eventsOf, type Missed } from './missed-events.ts'

/** Rows that one call puts aside at the most; the next goes on. */
const BATCH = 2_000

/**
 * Of occurrences that are parked because of an open circuit, leaves out those that the misfire policy would not have sent
 * had the workers been away instead: `last` keeps the newest, `all` the newest so many. To be called for jobs that had
 * another one parked just now. Only those of `overlap: allow` ever have several: with any other policy a parked execution is in
 * the way of the next. What was attempted is kept, and so are runs by hand and backfills.
 */
export async function collapse(client: PoolClient, jobIds: string[], now: Date): Promise<number> {
  if (jobIds.length === 0) return 0
  const { rowCount } = await client.query({
    name: 'collapse-parked',
    text: `
      with ranked as (
        select e.id, e.scheduled_for, j.policies -> 'misfire' as misfire,
          row_number() over (partition by e.job_id order by e.scheduled_for desc, e.id desc) as nth
        from executions e join jobs j on j.id = e.job_id
        where e.job_id = any($1::uuid[]) and e.finished_at is null and e.state = 'parked' and e.reason = 'circuit_open'
          and e.kind = 'schedule' and e.attempt = 0 and e.redriven_at is null),
      out as (
        select e.id, e.scheduled_for from ranked r join executions e on e.id = r.id and e.scheduled_for = r.scheduled_for
        where e.state = 'parked' and r.nth > case r.misfire ->> 'policy'
          when 'all' then coalesce((r.misfire ->> 'max')::int, 1000) else 1 end
        order by e.id limit $3 for update of e skip locked)
      update executions e set state = 'skipped', reason = 'coalesced', finished_at = $2, next_attempt_at = null
      from out where e.id = out.id and e.scheduled_for = out.scheduled_for`,
    values: [jobIds, now, BATCH],
  })
  return rowCount ?? 0
}

/**
 * Of executions that are about to be put into the queue, leaves out those whose misfire policy is `skip`: they are late, by as
 * long as their destination was down. Their jobs' own URLs are told, once for each job. Returns the ids of those that it left
 * out.
 */
export async function skipLate(client: PoolClient, ids: string[], now: Date): Promise<Set<string>> {
  const { rows } = await client.query<Missed & { id: string; notifies: boolean }>({
    name: 'skip-late',
    text: `
      update executions e set state = 'skipped', reason = 'missed_grace', finished_at = $2, next_attempt_at = null, item_id = null
      from jobs j
      where e.id = any($1::uuid[]) and j.id = e.job_id and j.type <> 'once' and j.policies -> 'misfire' ->> 'policy' = 'skip'
        and e.kind = 'schedule' and e.attempt = 0 and e.redriven_at is null and e.effective_at < $2::timestamptz - interval '1 second'
      returning e.id, e.job_id as "jobId", e.scheduled_for as "scheduledFor", e.scheduled_until as "scheduledUntil", e.count,
        (j.delivery -> 'notify') is not null as notifies`,
    values: [ids, now],
  })
  await recordEvents(
    client,
    eventsOf(
      rows.filter(({ notifies }) => notifies),
      now,
    ),
  )
  return new Set(rows.map(({ id }) => id))
}
