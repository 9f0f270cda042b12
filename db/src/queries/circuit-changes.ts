import { and, desc, sql } from 'drizzle-orm'
import { readByIndex } from '../by-index.ts'
import { createDb, type Pool } from '../client.ts'
import { type CircuitChangeRow, circuitChanges } from '../schema/destinations.ts'
import { only, type Page, type Paging } from './walk.ts'

/** A page of the changes of a destination's circuit, newest first; those after the change `after` of the same order. */
export async function listCircuitChanges(
  pool: Pool,
  destination: string,
  { limit, after }: Paging,
): Promise<Page<CircuitChangeRow>> {
  const { destination: column, id } = circuitChanges
  const position = after ? sql`(${column}, ${id}) < (${destination}, ${after})` : undefined
  const found = await readByIndex(pool, (client) =>
    createDb(client)
      .select()
      .from(circuitChanges)
      .where(and(only(column, destination), position))
      .orderBy(desc(column), desc(id))
      .limit(limit + 1),
  )
  const rows = found.slice(0, limit)
  return { rows, last: found.length > limit ? (rows.at(-1) ?? null) : null }
}
