import { byBitmap, readByIndex } from '../by-index.ts'
import type { Pool, PoolClient } from '../client.ts'
import type { BlackoutRow } from '../schema/blackouts.ts'
import { isFewEntries } from './tag-entries.ts'
import { MOST_WALKED } from './walk.ts'

/** How many jobs of a tag are meant. */
export interface JobCount {
  jobs: number
  /** Whether there may be more: no more than `MOST_WALKED` jobs are looked at. */
  isLowerBound: boolean
}

/** How many jobs a blackout may be keeping back: those whose next run comes after it. */
export async function jobsKeptBack(pool: Pool, { tag, toAt }: BlackoutRow): Promise<JobCount> {
  const meant = `next_run_at is not null and cursor_at < $2 and (next_scheduled_for is null or next_scheduled_for >= $2)`
  return await countTagged(pool, tag, meant, [toAt])
}

/** How many jobs have a tag and their next occurrence in a stretch of time. */
export async function jobsWithin(
  pool: Pool,
  { tag, from, to }: { tag: string; from: Date; to: Date },
): Promise<JobCount> {
  return await countTagged(pool, tag, 'next_scheduled_for >= $2 and next_scheduled_for < $3', [from, to])
}

/** Where many have the tag, the newest jobs are looked at. */
async function countTagged(pool: Pool, tag: string, meant: string, values: Date[]): Promise<JobCount> {
  const hasTag = `tags @> array[$1::text] and tags <> '{}'`
  const read = async (client: PoolClient, looked: string) => {
    const { rows } = await client.query<{ seen: number; jobs: number }>(
      `select count(*)::int as seen, (count(*) filter (where ${hasTag} and deleted_at is null and ${meant}))::int as jobs
       from (select * from jobs ${looked} limit ${MOST_WALKED + 1}) as looked`,
      [tag, ...values],
    )
    return rows
  }
  return await readByIndex(pool, async (client) => {
    const isFew = await isFewEntries(client, tag)
    const [row] = isFew
      ? await byBitmap(client, () => read(client, `where ${hasTag}`))
      : await read(client, 'order by id desc')
    const { seen = 0, jobs = 0 } = row ?? {}
    return { jobs: Math.min(jobs, MOST_WALKED), isLowerBound: seen > MOST_WALKED }
  })
}
