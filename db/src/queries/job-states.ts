import { disjoint } from '@scheduler/core/recurrence'
import type { Blackout, JobState } from '@scheduler/core/schedule'
import type { Pool, PoolClient } from '../client.ts'
import type { JobRow } from '../schema/jobs.ts'

type Job = Pick<JobRow, 'id' | 'type' | 'runs' | 'policies'>

/**
 * What the planner has to know of jobs besides their cursors. Call it with the jobs locked: of two dispatchers only one
 * then adds to a job's executions. One that is settled meanwhile may still be counted; see `promote`. Of a row that can't be made
 * sense of (policies that are null) nothing is known, and its plan throws.
 */
export async function jobStates(client: Pool | PoolClient, jobs: Job[]): Promise<(job: Job) => JobState> {
  const ids = jobs.filter(({ type, policies }) => type !== 'once' && policies?.overlap !== 'allow').map(({ id }) => id)
  const counts = new Map<string, { live: number; behind: number }>()
  if (ids.length > 0) {
    const { rows } = await client.query<{ id: string; live: number; behind: number }>({
      name: 'unfinished-of-jobs',
      text: `
        select job_id as id, (count(*) filter (where not behind))::int as live, (count(*) filter (where behind))::int as behind
        from executions where job_id = any($1::uuid[]) and finished_at is null group by job_id`,
      values: [ids],
    })
    for (const row of rows) counts.set(row.id, row)
  }
  return ({ id, runs }) => ({ runs, live: counts.get(id)?.live ?? 0, behind: counts.get(id)?.behind ?? 0 })
}

type Tagged = Pick<JobRow, 'tags' | 'cursorAt'>

/** The blackouts of tags that may concern occurrences after the jobs' cursors, by job; in order, those that overlap as one. */
export async function taggedBlackouts(
  client: Pool | PoolClient,
  jobs: Tagged[],
): Promise<(job: Pick<JobRow, 'tags'>) => Blackout[]> {
  const tags = [...new Set(jobs.flatMap((job) => job.tags))]
  if (tags.length === 0) return () => []
  const since = new Date(Math.min(...jobs.map(({ cursorAt }) => cursorAt.getTime())))
  const { rows } = await client.query<{ tag: string; fromAt: Date; toAt: Date }>({
    name: 'blackouts-of-tags',
    text: `select tag, from_at as "fromAt", to_at as "toAt" from blackouts where tag = any($1::text[]) and to_at > $2`,
    values: [tags, since],
  })
  const ranges = rows.map(({ tag, fromAt, toAt }) => ({ tag, from: fromAt.getTime(), to: toAt.getTime() }))
  const byTag = Map.groupBy(ranges, ({ tag }) => tag)
  const byTags = new Map<string, Blackout[]>()
  return (job) => {
    const key = JSON.stringify(job.tags.filter((tag) => byTag.has(tag)))
    const found = byTags.get(key) ?? disjoint(job.tags.flatMap((tag) => byTag.get(tag) ?? []))
    byTags.set(key, found)
    return found
  }
}
