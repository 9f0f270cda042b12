import { and, eq, type SQL, sql } from 'drizzle-orm'
import { byIndex } from '../by-index.ts'
import { createDb, type PoolClient } from '../client.ts'
import { executions } from '../schema/executions.ts'
import { areMeant, areWithin, type DeadLetterFilters, isMeant } from './meant-dead-letters.ts'
import { MOST_WALKED } from './walk.ts'

/** Which dead letters a request takes, of those it means. */
export interface Choice {
  filters: DeadLetterFilters
  /** Of these only. */
  ids?: string[] | undefined
  /** What else each must be. */
  also?: SQL
  limit: number
}

/** Dead letters that a request means and does not take. */
export interface Left {
  /** At least 1 where there are any. */
  count: number
  /** Whether there may be more: no more than `MOST_WALKED` dead letters are looked at for it. */
  isLowerBound: boolean
}

type Dead = Pick<typeof executions.$inferSelect, 'id' | 'scheduledFor' | 'jobId' | 'kind' | 'deadAt'>

const { id, scheduledFor, jobId, kind, deadAt } = executions
const dead = { id, scheduledFor, jobId, kind, deadAt }

/** Chooses up to `limit` dead letters, those that died first, and says how many are left. */
export async function chooseDead(client: PoolClient, choice: Choice): Promise<{ chosen: Dead[]; left: Left }> {
  const { filters, ids, limit } = choice
  const all = ids
    ? await findOf(client, choice, ids)
    : filters.jobId
      ? await findOfJob(client, choice, filters.jobId)
      : null
  const found = all ?? (await byIndex(client, () => find(client, choice)))
  const chosen = found.slice(0, limit)
  const left = all
    ? { count: all.length - chosen.length, isLowerBound: false }
    : await byIndex(client, () => countFrom(client, choice, found.at(limit)))
  return { chosen, left }
}

const query = (client: PoolClient, where: SQL | undefined) =>
  createDb(client).select(dead).from(executions).where(where)

async function findOf(client: PoolClient, { filters, also }: Choice, ids: string[]): Promise<Dead[]> {
  const isOneOf = sql`${id} = any(${sql.param(ids)}::uuid[])`
  return await query(client, and(isOneOf, areMeant(filters), also)).orderBy(deadAt, id)
}

/**
 * All of a job that has no more executions than a walk reads: they are looked at by the job's own index, or three among millions
 * would be looked for among all of them. Null of a job with more.
 */
async function findOfJob(client: PoolClient, { filters, also }: Choice, job: string): Promise<Dead[] | null> {
  const db = createDb(client)
  const matches = sql<boolean>`coalesce(${and(areMeant(filters), also)}, false)`.as('matches')
  const few = db.$with('few').as(
    db
      .select({ ...dead, matches })
      .from(executions)
      .where(eq(jobId, job))
      .limit(MOST_WALKED + 1),
  )
  const count = db
    .select({ seen: sql<number>`count(*)::int`.as('seen') })
    .from(few)
    .as('count')
  const rows = await byIndex(client, () =>
    db
      .with(few)
      .select({
        seen: count.seen,
        dead: { id: few.id, scheduledFor: few.scheduledFor, jobId: few.jobId, kind: few.kind, deadAt: few.deadAt },
      })
      .from(count)
      .leftJoin(few, sql`${few.matches}`)
      .orderBy(few.deadAt, few.id),
  )
  if ((rows[0]?.seen ?? 0) > MOST_WALKED) return null
  return rows.flatMap(({ dead }) => dead ?? [])
}

/**
 * One more than the limit says whether any is left. Dead letters are walked from the oldest on until there are as many, all of
 * them where few are meant: unlike a page this can't stop half way, since the next request would begin from the start again. A
 * stretch of time bounds it.
 */
async function find(client: PoolClient, { filters, also, limit }: Choice): Promise<Dead[]> {
  return await query(client, and(areMeant(filters), also))
    .orderBy(deadAt, id)
    .limit(limit + 1)
}

/** Counts from one on; all of them would cost more than the answer is worth. */
async function countFrom(client: PoolClient, { filters, also }: Choice, next: Dead | undefined): Promise<Left> {
  if (!next) return { count: 0, isLowerBound: false }
  const db = createDb(client)
  const matches = sql<boolean>`coalesce(${and(isMeant(filters), also) ?? sql`true`}, false)`.as('matches')
  const looked = db
    .select({ matches })
    .from(executions)
    .where(and(areWithin(filters), sql`(${deadAt}, ${id}) >= (${next.deadAt?.toISOString()}::timestamptz, ${next.id})`))
    .orderBy(deadAt, id)
    .limit(MOST_WALKED + 1)
    .as('looked')
  const meant = sql<number>`(count(*) filter (where ${looked.matches}))::int`
  const [row] = await db.select({ seen: sql<number>`count(*)::int`, meant }).from(looked)
  const { seen = 0, meant: count = 0 } = row ?? {}
  return { count: Math.min(count, MOST_WALKED), isLowerBound: seen > MOST_WALKED }
}
