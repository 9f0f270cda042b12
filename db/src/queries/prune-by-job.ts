import type { Pool } from '../client.ts'
import {
  areJobsBounded,
  type BoundedJob,
  jobsOfAll,
  jobsOfNew,
  jobsWithOwn,
  type OwnPlace,
  type Page,
} from './bounded-jobs.ts'
import { pruneSurplus, type Surplus, surplusOf } from './prune-job.ts'

/** Executions that a statement deletes at the most, and jobs, or executions, that one looks for jobs among. */
const BATCH = 5_000

/** Jobs that a statement prunes at the most: of many that are one over each, one statement each would be most of the cost. */
const TOGETHER = 500

/** Executions that one statement reads at the most to see which jobs are over, but for a single job with a larger bound. */
const READS = 100_000

/** How far back the first look goes, and how much each overlaps the one before: for what is committed late. */
const FIRST_MS = 600_000
const OVERLAP_MS = 30_000

/**
 * Prunes what jobs have over their bounds, as far as it has come about since the last look: by executions that were made, and by
 * bounds that were written. Costs as much as there are of those, and nothing where no job is bounded.
 *
 * @param perJob finished executions that the instance keeps of each job; null for any number
 * @param since what the last look returned; null for the first
 */
export async function pruneNewSurplus(
  pool: Pool,
  perJob: number | null,
  since: Date | null,
  signal?: AbortSignal,
): Promise<{ executions: number; since: Date | null }> {
  if (!(await areJobsBounded(pool, perJob))) return { executions: 0, since: null }
  const { now, from, after } = await beginning(pool, since)
  const prune = pruner(pool, { thorough: false }, signal)
  await walk<string>((place) => jobsOfNew(pool, perJob, place ?? after, BATCH), prune, signal)
  const which = { since: from }
  await walk<OwnPlace>((place) => jobsWithOwn(pool, perJob, which, place, BATCH), prune, signal)
  return { executions: prune.total(), since: signal?.aborted ? from : now }
}

/**
 * Prunes what jobs have over their bounds, whenever it came about; each job has its turn in one hour of the day. This is for what the
 * looks in between leave: where only time has passed, dead letters that were put away, executions that took long.
 *
 * @param hour of the day, UTC: the jobs whose turn is then
 */
export async function pruneAllSurplus(
  pool: Pool,
  perJob: number | null,
  hour: number,
  signal?: AbortSignal,
): Promise<number> {
  if (!(await areJobsBounded(pool, perJob))) return 0
  const prune = pruner(pool, { thorough: true }, signal)
  if (perJob === null) {
    await walk<OwnPlace>((place) => jobsWithOwn(pool, null, { hour }, place, BATCH), prune, signal)
  } else await walk<string>((place) => jobsOfAll(pool, perJob, hour, place, BATCH), prune, signal)
  return prune.total()
}

export async function hourNow(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ hour: number }>(`select extract(hour from now() at time zone 'utc')::int as hour`)
  return rows[0]?.hour ?? 0
}

async function walk<Place>(
  page: (after: Place | null) => Promise<Page<Place>>,
  prune: (jobs: BoundedJob[]) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let after: Place | null = null
  do {
    if (signal?.aborted) return
    const { jobs, next }: Page<Place> = await page(after)
    await prune(jobs)
    after = next
  } while (after !== null)
}

function pruner(pool: Pool, { thorough }: { thorough: boolean }, signal?: AbortSignal) {
  let total = 0
  const prune = async (jobs: BoundedJob[]) => {
    const left: Surplus[] = []
    for (const some of inReach(jobs)) {
      if (signal?.aborted) return
      left.push(...(await surplusOf(pool, some, thorough)))
    }
    while (left.length > 0) {
      if (signal?.aborted) return
      const pruned = await pruneSurplus(pool, left.splice(0, TOGETHER), BATCH)
      total += pruned.count
      left.push(...pruned.left)
    }
  }
  return Object.assign(prune, { total: () => total })
}

/** Jobs in groups that a statement can look at in little time, even if each has as much as it may. */
export function inReach(jobs: BoundedJob[]): BoundedJob[][] {
  const groups: BoundedJob[][] = []
  let reads = Number.POSITIVE_INFINITY
  for (const job of jobs) {
    const own = job.executions ?? 1
    if (reads + own > READS) {
      groups.push([])
      reads = 0
    }
    groups.at(-1)?.push(job)
    reads += own
  }
  return groups
}

/** The time of the database, and where the executions made since the last look begin: an id begins with a time. */
async function beginning(pool: Pool, since: Date | null): Promise<{ now: Date; from: Date; after: string }> {
  const { rows } = await pool.query<{ now: Date; from: Date; after: string }>(
    `select now, "from", (lpad(to_hex((extract(epoch from "from") * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid as after
     from (select date_trunc('milliseconds', now()) as now, coalesce($1::timestamptz - make_interval(secs => $3),
       date_trunc('milliseconds', now()) - make_interval(secs => $2)) as "from") as t`,
    [since, FIRST_MS / 1_000, OVERLAP_MS / 1_000],
  )
  const [row] = rows
  if (!row) throw new Error('the database has no clock')
  return row
}
