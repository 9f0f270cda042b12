import type { DrainOrder } from '@scheduler/core/circuit'
import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { enqueue } from '../queue.ts'
import { IS_WAITING } from '../schema/executions.ts'
import { transaction } from '../transaction.ts'
import type { Park } from './begin-attempts.ts'
import { skipLate } from './collapse.ts'

/** Waiting executions whose time has come, soonest first. */
const dueSql = `
  select id, scheduled_for from executions where next_attempt_at <= now() and ${IS_WAITING}
  order by next_attempt_at limit $1 for update skip locked`

/** Executions of one destination that were parked for one reason. */
const parkedSql = (order: DrainOrder) => `
  select id, scheduled_for from executions
  where next_attempt_at is not null and reason = $2 and destination = $3
  order by scheduled_for ${order === 'newest' ? 'desc' : ''}, id limit $1 for update skip locked`

const releaseSql = (selection: string, reason = 'null') => `
  with held as (${selection})
  update executions e set state = 'queued', reason = ${reason}, next_attempt_at = null, item_id = gen_random_uuid()
  from held where e.id = held.id and e.scheduled_for = held.scheduled_for
  returning e.id, e.scheduled_for, e.item_id`

export interface HeldOptions {
  limit: number
  /** Those of one destination that were parked for one reason; none: those that wait, and whose time has come. */
  parked?: Parked
  /** Leaves out those that are late by then and whose misfire policy is `skip`. */
  lateAt?: Date
}

export interface Parked {
  destination: string
  reason: Park['reason']
  /** Which go first. */
  order: DrainOrder
  /** Whether they are sent to find out whether the destination answers again. */
  probe?: boolean
}

export interface HeldDone {
  /** The executions that went into the queue. */
  ids: string[]
  /** How many were left out for being late. */
  skipped: number
}

/**
 * Puts up to `limit` waiting executions whose time has come into the queue; with `parked`, those of one destination that
 * were parked for one reason. Any number of callers may run at once.
 *
 * What is parked is never released by its time alone: there may be a hundred thousand of one destination that is down,
 * all due when its circuit may be probed, and they would fill the queue to send one.
 */
export async function dispatchHeld(on: Pool | PoolClient, boss: PgBoss, options: HeldOptions): Promise<HeldDone> {
  return await transaction(on, async (client) => {
    const { rows } = await client.query<{ id: string; scheduled_for: Date; item_id: string }>(statementOf(options))
    const ids = rows.map(({ id }) => id)
    const late = options.lateAt && ids.length > 0 ? await skipLate(client, ids, options.lateAt) : new Set<string>()
    const sent = rows.filter(({ id }) => !late.has(id))
    await enqueue(
      boss,
      client,
      sent.map((row) => ({ id: row.item_id, data: { e: row.id, s: row.scheduled_for.getTime() } })),
    )
    return { ids: sent.map(({ id }) => id), skipped: late.size }
  })
}

function statementOf({ limit, parked }: HeldOptions) {
  if (!parked) return { name: 'dispatch-held', text: releaseSql(dueSql), values: [limit] }
  const { destination, reason, order, probe } = parked
  return {
    name: `dispatch-parked-${order}${probe ? '-probe' : ''}`,
    text: releaseSql(parkedSql(order), probe ? `'circuit_probe'` : 'null'),
    values: [limit, reason, destination],
  }
}
