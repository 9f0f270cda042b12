import { Problem } from '@scheduler/core/problem'
import { eq } from 'drizzle-orm'
import { createDb, type Pool, type PoolClient } from '../client.ts'
import { executions } from '../schema/executions.ts'
import { transaction } from '../transaction.ts'
import { chooseDead, type Left } from './choose-dead.ts'
import { executionNotFound } from './executions.ts'
import { lookUpOneByOne } from './look-up.ts'
import type { DeadLetterFilters } from './meant-dead-letters.ts'

/** Dead letters that one request puts away, at the most. */
export const MOST_PUT_AWAY = 10_000

/**
 * Puts dead letters away, the oldest first: they stay in the ledger, failed, and are dead letters no more.
 *
 * @param most how many at the most
 */
export async function putAway(
  on: Pool | PoolClient,
  filters: DeadLetterFilters,
  most: number,
): Promise<{ deleted: number; left: Left }> {
  return await transaction(on, async (client) => {
    const { chosen, left } = await chooseDead(client, { filters, limit: most })
    return { deleted: await clear(client, chosen), left }
  })
}

/** Puts one away. @throws Problem `execution-not-found`, `not-a-dead-letter` */
export async function putAwayOne(on: Pool | PoolClient, id: string): Promise<void> {
  await transaction(on, async (client) => {
    const key = { id: executions.id, scheduledFor: executions.scheduledFor }
    const found = await createDb(client).select(key).from(executions).where(eq(executions.id, id))
    if (found.length === 0) throw executionNotFound(id)
    if ((await clear(client, found)) === 0) throw notADeadLetter(id)
  })
}

type Key = { id: string; scheduledFor: Date }

/** Those that are dead letters still once they are locked. Returns how many. */
async function clear(client: PoolClient, keys: Key[]): Promise<number> {
  const locked = await lockDead(client, keys)
  const { rowCount } = await client.query(
    `update executions e set dead_at = null from unnest($1::uuid[], $2::timestamptz[]) as i(id, scheduled_for)
     where e.id = i.id and e.scheduled_for = i.scheduled_for`,
    [locked.map(({ id }) => id), locked.map(({ scheduledFor }) => scheduledFor)],
  )
  return rowCount ?? 0
}

/** Locks executions in order of id, as claims and settles do; those that are no dead letters any more don't come back. */
export async function lockDead(client: PoolClient, keys: Key[]): Promise<Key[]> {
  await lookUpOneByOne(client)
  const { rows } = await client.query<Key>(
    `select e.id, e.scheduled_for as "scheduledFor" from unnest($1::uuid[], $2::timestamptz[]) as i(id, scheduled_for)
     join executions e on e.id = i.id and e.scheduled_for = i.scheduled_for
     where e.dead_at is not null order by i.id for update of e`,
    [keys.map(({ id }) => id), keys.map(({ scheduledFor }) => scheduledFor)],
  )
  return rows
}

export function notADeadLetter(id: string): Problem {
  const detail = `The execution ${JSON.stringify(id)} is no dead letter: it has not failed for good, or it was redriven or put away. GET /executions/${id} says how it stands.`
  return new Problem('not-a-dead-letter', detail)
}
