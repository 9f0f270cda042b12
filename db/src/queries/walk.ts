import { getTableColumns, inArray, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { AnyPgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Db } from '../client.ts'

/**
 * Lists are read by an index that gives their order, and a page walks a bounded stretch of it, whatever its filters are:
 * what they ask for may be one row at the far end of millions. A page that was cut short so has fewer rows than were asked
 * for, and the next one begins where the walk ended.
 */

/** Rows of the index that one page walks at the most. */
export const MOST_WALKED = 10_000

/** A page of a list. */
export interface Page<Row> {
  rows: Row[]
  /** The row after which the next page begins: the last of this one, or where the walk ended. Null when there is none. */
  last: Row | null
}

/** Which page of a list, in its order: up to `limit` rows of those after a position. */
export interface Paging<Position = string> {
  limit: number
  after: Position | null
}

/** How a list is walked. */
export interface Walk<Table extends PgTable> {
  /** What bounds the stretch of the index; partial ones need their condition in it. */
  within: SQL | undefined
  /** What is asked of each row of it. */
  meant: SQL | undefined
  /** The columns of the order, an index's, which is walked from its highest entry on. */
  keys: readonly (keyof Table['_']['columns'] & string)[]
  limit: number
}

interface Step {
  matches: boolean
  step: number
}

/** Walks a stretch of an index for a page. */
export async function walk<Table extends PgTable>(
  db: Db,
  table: Table,
  { within, meant, keys, limit }: Walk<Table>,
): Promise<Page<Table['$inferSelect']>> {
  const columns = getTableColumns(table as PgTable)
  const order = downwards(columns, keys)
  const matches = sql<boolean>`coalesce(${meant ?? sql`true`}, false)`.as('matches')
  const step = sql<number>`(row_number() over (order by ${order}))::int`.as('step')
  const walked = db
    .select({ ...columns, matches, step })
    .from(table as PgTable)
    .where(within)
    .orderBy(order)
    .limit(MOST_WALKED)
    .as('walked')
  const found = await db
    .select()
    .from(walked)
    // The row where the walk ends comes too, or it would not be known where that is.
    .where(sql`(${walked.matches} or ${walked.step} = ${MOST_WALKED})`)
    .orderBy(downwards(walked as unknown as Record<string, SQLWrapper>, keys))
    .limit(limit + 1)
  return pageOf(found as (Table['$inferSelect'] & Step)[], limit)
}

/** @param found in order, one more than asked for where there are as many */
function pageOf<Row>(found: (Row & Step)[], limit: number): Page<Row> {
  const rows = found.filter(({ matches }) => matches).slice(0, limit)
  const end = found.at(-1)
  if (found.length > limit) return { rows, last: rows.at(-1) ?? null }
  return { rows, last: end?.step === MOST_WALKED ? end : null }
}

const downwards = (of: Record<string, SQLWrapper>, keys: readonly string[]): SQL =>
  sql.join(
    keys.map((key) => sql`${of[key]} desc`),
    sql`, `,
  )

/**
 * A column that is one value, said as a range. An equality would make the column worth nothing in `order by`, and leave it to
 * what the planner believes of the table whether it walks the index that begins with the column or another.
 */
export const only = (column: AnyPgColumn, value: string): SQL => sql`${column} between ${value} and ${value}`

/** What a page is chosen of, where an index can't give the order. */
export interface Few<Table extends PgTable> {
  /** What may be few, all of an index. */
  from: SQL | undefined
  /** Which of it are asked for, those after the position. */
  meant: SQL | undefined
  /** The columns of the order, from the highest on; the last of them is the id. */
  keys: readonly (keyof Table['_']['columns'] & string)[]
  limit: number
}

/** The page of a list that an index can't give in order, as long as no more than a walk reads is few. Null when it is more. */
export async function pageOfFew<Table extends PgTable & { id: AnyPgColumn }>(
  db: Db,
  table: Table,
  { from, meant, keys, limit }: Few<Table>,
): Promise<Page<Table['$inferSelect']> | null> {
  const columns = getTableColumns(table as PgTable)
  const chosen = sql.join(
    keys.map((key) => sql`${columns[key]} as ${sql.identifier(key)}`),
    sql`, `,
  )
  const order = sql.join(
    keys.map((key) => sql`${sql.identifier(key)} desc`),
    sql`, `,
  )
  const { rows } = await db.execute<{ seen: number; ids: string[] }>(sql`
    with few as materialized (
      select ${chosen}, ${meant ?? sql`true`} as meant from ${table} where ${from} limit ${MOST_WALKED + 1})
    select (select count(*)::int from few) as seen,
      array(select id from few where meant order by ${order} limit ${limit + 1}) as ids`)
  const { seen = 0, ids = [] } = rows[0] ?? {}
  if (seen > MOST_WALKED) return null
  const found = (await db
    .select()
    .from(table as PgTable)
    .where(inArray(table.id, ids))) as (Table['$inferSelect'] & { id: string })[]
  const byId = new Map(found.map((row) => [row.id, row]))
  const page = ids.slice(0, limit).flatMap((id) => byId.get(id) ?? [])
  return { rows: page, last: ids.length > limit ? (page.at(-1) ?? null) : null }
}
