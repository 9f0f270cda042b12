import type { Concerned } from '@scheduler/core/aftermath'
import type { Event } from '@scheduler/core/event'
import type { PoolClient } from '../client.ts'

/** Executions of a job that are looked at, of its newest and again from its earliest failure on. */
const LOOK = 25

/**
 * Ids of failures after which their job has succeeded, though nobody had counted them: a success is an event only while its
 * job is known to fail.
 *
 * It looks at a few executions of each job, however long its past: at its newest, and at those from the earliest of its
 * failures on. Where neither has the success, a row of failures begins that the next success ends.
 */
export async function overtakenFailures(
  client: PoolClient,
  events: readonly Event[],
  jobs: readonly Concerned[],
): Promise<Set<string>> {
  const unaware = new Set(jobs.filter(({ failedInRow }) => failedInRow === 0).map(({ id }) => id))
  const failures = events.filter((it) => it.type === 'execution.failed' && it.jobId !== null && unaware.has(it.jobId))
  if (failures.length === 0) return new Set()
  const ofJobs = [...Map.groupBy(failures, ({ jobId }) => jobId)]
  const { rows } = await client.query<{ jobId: string; at: Date }>({
    name: 'successes-of-late',
    // The walks are bounded by both columns of executions_one_per_occurrence, and by nothing else: no other index has
    // their order, and none of them goes further than so many rows.
    text: `
      select f.job_id as "jobId", max(e.finished_at) as at
      from unnest($1::uuid[], $2::timestamptz[]) as f(job_id, since) cross join lateral (
        (select job_id, scheduled_for, state, finished_at from executions
         where (job_id, scheduled_for) >= (f.job_id, f.since)
         order by job_id, scheduled_for limit $3)
        union all
        (select job_id, scheduled_for, state, finished_at from executions
         where (job_id, scheduled_for) <= (f.job_id, 'infinity'::timestamptz)
         order by job_id desc, scheduled_for desc limit $3)) as e
      where e.job_id = f.job_id and e.scheduled_for >= f.since and e.state = 'succeeded'
      group by f.job_id`,
    values: [ofJobs.map(([jobId]) => jobId), ofJobs.map(([, them]) => earliest(them)), LOOK],
  })
  const succeededAt = new Map(rows.map(({ jobId, at }) => [jobId, at.getTime()]))
  const isOvertaken = ({ jobId, at }: Event) => at.getTime() < (succeededAt.get(jobId ?? '') ?? 0)
  return new Set(failures.filter(isOvertaken).map(({ id }) => id))
}

/** They are all written the same way, so their order as texts is that of the times. */
const earliest = (failures: Event[]): unknown => failures.map(({ data }) => data.scheduled_for).toSorted()[0]
