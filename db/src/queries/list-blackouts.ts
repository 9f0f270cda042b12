import { and, eq, isNull, lt } from 'drizzle-orm'
import { readByIndex } from '../by-index.ts'
import { createDb, type Pool } from '../client.ts'
import { type BlackoutRow, blackouts } from '../schema/blackouts.ts'
import { type Page, type Paging, pageOfFew, walk } from './walk.ts'

/** A page of blackouts, newest first; those after the blackout `after` of the same order. */
export async function listBlackouts(
  pool: Pool,
  { tag }: { tag?: string | undefined },
  { limit, after }: Paging,
): Promise<Page<BlackoutRow>> {
  const within = after ? lt(blackouts.id, after) : undefined
  const from = tag ? eq(blackouts.tag, tag) : undefined
  const meant = and(isNull(blackouts.deletedAt), from)
  const way = { keys: ['id'], limit } as const
  return await readByIndex(pool, async (client) => {
    const db = createDb(client)
    const few = from && (await pageOfFew(db, blackouts, { ...way, from, meant: and(meant, within) }))
    return few ?? (await walk(db, blackouts, { ...way, within, meant }))
  })
}
