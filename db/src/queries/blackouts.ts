import { Problem } from '@scheduler/core/problem'
import { and, eq, gt, isNull } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { createDb, type Db, type Pool, type PoolClient } from '../client.ts'
import { notifyDue } from '../notify.ts'
import { type BlackoutRow, blackouts } from '../schema/blackouts.ts'
import { transaction } from '../transaction.ts'

/** Blackouts of one tag that are not over yet, at the most. */
export const MOST_OF_TAG = 100

/**
 * Writes a blackout of a tag, and has the dispatchers look anew at the jobs whose next occurrence it holds.
 *
 * @throws Problem `too-many-blackouts`
 */
export async function createBlackout(
  on: Pool | PoolClient,
  fields: { tag: string; from: Date; to: Date; reason: string | null },
  now: Date,
): Promise<BlackoutRow> {
  return await transaction(on, async (client) => {
    const db = createDb(client)
    const count = await db.$count(blackouts, and(eq(blackouts.tag, fields.tag), gt(blackouts.toAt, now)))
    if (count >= MOST_OF_TAG) {
      const detail = `The tag has ${count} blackouts that are not over yet; delete some, or make longer ones of them.`
      throw new Problem('too-many-blackouts', detail)
    }
    const { tag, from: fromAt, to: toAt, reason } = fields
    const row = { id: uuidv7(), tag, fromAt, toAt, reason, createdAt: now, deletedAt: null }
    await db.insert(blackouts).values(row)
    await lookAnew(client, tag, 'next_scheduled_for >= $2 and next_scheduled_for < $3', [fromAt, toAt], now)
    return row
  })
}

/**
 * Takes a blackout away: one that has begun ends now, so that what it left out until then is recorded as that, whenever a
 * dispatcher comes to it. The dispatchers look anew at the tag's jobs.
 *
 * @throws Problem `blackout-not-found`
 */
export async function deleteBlackout(pool: Pool, id: string, now: Date): Promise<void> {
  await transaction(pool, async (client) => {
    const db = createDb(client)
    const it = and(eq(blackouts.id, id), isNull(blackouts.deletedAt))
    const [row] = await db.select().from(blackouts).where(it).for('update')
    if (!row) throw blackoutNotFound(id)
    const toAt = row.toAt < now ? row.toAt : now
    if (row.fromAt >= now) await db.delete(blackouts).where(it)
    else await db.update(blackouts).set({ toAt, deletedAt: now }).where(it)
    await lookAnew(client, row.tag, 'cursor_at < $2', [row.toAt], now)
  })
}

/** A blackout that is not deleted. @throws Problem `blackout-not-found` */
export async function getBlackout(db: Db, id: string): Promise<BlackoutRow> {
  const [row] = await db
    .select()
    .from(blackouts)
    .where(and(eq(blackouts.id, id), isNull(blackouts.deletedAt)))
  if (!row) throw blackoutNotFound(id)
  return row
}

export function blackoutNotFound(id: string): Problem {
  return new Problem('blackout-not-found', `There is no blackout ${JSON.stringify(id)}, or it has been deleted.`)
}

/** A job that is looked at too early is only given its clock anew. */
async function lookAnew(client: PoolClient, tag: string, condition: string, values: Date[], now: Date): Promise<void> {
  // In order, as everything that locks several jobs does: no two of them can wait for each other.
  const { rowCount } = await client.query(
    `with found as (
       select id from jobs
       where tags @> array[$1::text] and tags <> '{}' and next_run_at > now() and deleted_at is null and ${condition}
       order by id for update)
     update jobs set next_run_at = now() - interval '1 ms' from found where jobs.id = found.id`,
    [tag, ...values],
  )
  if (rowCount) await notifyDue(client, now, now)
}
