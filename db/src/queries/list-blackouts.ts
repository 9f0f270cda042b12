import { and, eq, isNull, lt } from 'drizzle-orm'
import { readByIndex } from '../by-index.ts'
import { createDb, type Pool } from '../client.ts'
import { type BlackoutRow, blackouts } from '../schema/blackouts.ts'
import { type Page, type Paging, walk } from './walk.ts'

/** A page of blackouts, newest first; those after the blackout `after` of the same order. */
export async function listBlackouts(
  pool: Pool,
  { tag }: { tag?: string | undefined },
  { limit, after }: Paging,
): Promise<Page<BlackoutRow>> {
  const within = after ? lt(blackouts.id, after) : undefined
  const meant = and(isNull(blackouts.deletedAt), tag ? eq(blackouts.tag, tag) : undefined)
  const way = { within, meant, keys: ['id'], limit } as const
  return await readByIndex(pool, (client) => walk(createDb(client), blackouts, way))
}
