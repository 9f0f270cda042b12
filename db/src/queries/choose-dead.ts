import { and, type SQL, sql } from 'drizzle-orm'
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

type Next = { id: string; deadAt: Date | null }

const { id, scheduledFor, jobId, kind, deadAt } = executions

/** Chooses up to `limit` dead letters, those that died first, and says how many are left. */
export async function chooseDead(client: PoolClient, choice: Choice) {
  const found = choice.ids
    ? await findOf(client, choice, choice.ids)
    : await byIndex(client, () => find(client, choice))
  const chosen = found.slice(0, choice.limit)
  const next = found.at(choice.limit)
  const left = choice.ids
    ? { count: found.length - chosen.length, isLowerBound: false }
    : await byIndex(client, () => countFrom(client, choice, next))
  return { chosen, left }
}

const query = (client: PoolClient, where: SQL | undefined) =>
  createDb(client).select({ id, scheduledFor, jobId, kind, deadAt }).from(executions).where(where)

async function findOf(client: PoolClient, { filters, also }: Choice, ids: string[]) {
  const isOneOf = sql`${id} = any(${sql.param(ids)}::uuid[])`
  return await query(client, and(isOneOf, areMeant(filters), also)).orderBy(deadAt, id)
}

/** One more than the limit says whether any is left. */
async function find(client: PoolClient, { filters, also, limit }: Choice) {
  return await query(client, and(areMeant(filters), also))
    .orderBy(deadAt, id)
    .limit(limit + 1)
}

/** Counts from one on; all of them would cost more than the answer is worth. */
async function countFrom(client: PoolClient, { filters, also }: Choice, next: Next | undefined): Promise<Left> {
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
