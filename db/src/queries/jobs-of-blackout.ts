import { byBitmap } from '../by-index.ts'
import type { Pool } from '../client.ts'
import type { BlackoutRow } from '../schema/blackouts.ts'
import { transaction } from '../transaction.ts'
import { MOST_WALKED } from './walk.ts'

/** How many jobs of a tag are meant. */
export interface JobCount {
  jobs: number
  /** Whether there may be more: no more than `MOST_WALKED` jobs of the tag are looked at. */
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

async function countTagged(pool: Pool, tag: string, meant: string, values: Date[]): Promise<JobCount> {
  return await transaction(pool, async (client) => {
    const { rows } = await byBitmap(client, () =>
      client.query<{ seen: number; jobs: number }>(
        `select count(*)::int as seen, (count(*) filter (where deleted_at is null and ${meant}))::int as jobs from (
           select * from jobs where tags @> array[$1::text] and tags <> '{}' limit ${MOST_WALKED + 1}) as tagged`,
        [tag, ...values],
      ),
    )
    const { seen = 0, jobs = 0 } = rows[0] ?? {}
    return { jobs: Math.min(jobs, MOST_WALKED), isLowerBound: seen > MOST_WALKED }
  })
}
