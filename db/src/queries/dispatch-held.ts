import type { DrainOrder } from '@scheduler/core/circuit'
import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { notifyFlow } from '../notify.ts'
import { enqueue } from '../queue.ts'
import { transaction } from '../transaction.ts'
import type { Park } from './begin-attempts.ts'
import { skipLate } from './collapse.ts'
import {
  byTurn,
  createTurns,
  type InTurn,
  inTurn,
  NO_JOB,
  NOT_WALKED,
  oneEach,
  type Turns,
  WALKED,
  type Walked,
} from './in-turn.ts'
import { FAR } from './ledger-rows.ts'
import { limitedBy } from './limited-by.ts'
import { type ReleasedDue, releaseDue } from './release-due.ts'

/** Executions of one destination that were parked for one reason. */
const parkedList = { column: 'destination', is: '$4', where: 'reason = $3' } as const

/**
 * What a flow limits goes past the queue: it is parked for its flow, which grants it its slots. A probe does not: whoever
 * sends it sees to that.
 */
const releaseSql = (chosen: string, walked: string, probe = false) => `
  with recursive ${chosen},
  held as (select t.*, ${probe ? 'null::execution_reason' : limitedBy('t')} as limited from turn t),
  done as (
    update executions e set
      state = case when held.limited is null then 'queued'::execution_state else 'parked' end,
      reason = ${probe ? `'circuit_probe'` : 'held.limited'},
      next_attempt_at = case when held.limited is null then null else '${FAR.toISOString()}'::timestamptz end,
      item_id = case when held.limited is null then gen_random_uuid() else e.item_id end
    from held where e.id = held.id and e.scheduled_for = held.scheduled_for
    returning e.id, e.scheduled_for, e.item_id, e.state::text, held.job_id, held.round, held.n)
  -- One row more, for how far it went where it found nothing.
  select done.*, walk.* from (${walked}) as walk left join done on true`

type Row = ReleasedDue & InTurn

export interface HeldOptions {
  limit: number
  /** Those of one destination that were parked for one reason; none: those that wait, and whose time has come. */
  parked?: Parked
  /** Leaves out those that are late by then and whose misfire policy is `skip`. */
  lateAt?: Date
  /** Whose turn it is, of each list of parked ones: the caller's to keep from one call to the next. */
  turns?: Turns
}

export interface Parked {
  destination: string
  reason: Park['reason']
  /** Which of a job's go first. */
  order: DrainOrder
  /** Whether they are sent to find out whether the destination answers again. */
  probe?: boolean
}

export interface HeldDone {
  /** The executions that went into the queue. */
  ids: string[]
  /** How many were left out for being late. */
  skipped: number
  /** How many were parked for the limit of a flow instead. */
  limited: number
}

/**
 * Puts up to `limit` waiting executions whose time has come into the queue; with `parked`, those of one destination that
 * were parked for one reason, one of each job in turn. Any number of callers may run at once.
 *
 * What is parked is never released by its time alone: there may be a hundred thousand of one destination that is down,
 * all due when its circuit may be probed, and they would fill the queue to send one.
 */
export async function dispatchHeld(on: Pool | PoolClient, boss: PgBoss, options: HeldOptions): Promise<HeldDone> {
  return await transaction(on, async (client) => {
    const rows = options.parked
      ? await releaseInTurn(client, options, options.parked)
      : await releaseDue(client, options.limit)
    const ids = rows.map(({ id }) => id)
    const late = options.lateAt && ids.length > 0 ? await skipLate(client, ids, options.lateAt) : new Set<string>()
    const left = rows.filter(({ id }) => !late.has(id))
    const sent = left.filter(({ state }) => state === 'queued')
    const limited = left.filter(({ state }) => state === 'parked').length
    await enqueue(
      boss,
      client,
      sent.map((row) => ({ id: row.item_id, data: { e: row.id, s: row.scheduled_for.getTime() } })),
    )
    if (limited > 0) await notifyFlow(client)
    return { ids: sent.map(({ id }) => id), skipped: late.size, limited }
  })
}

/** How often in a row to go on where all that was found is locked: whoever locked it is serving the list. */
const MOST_IN_VAIN = 3

async function releaseInTurn(client: PoolClient, options: HeldOptions, parked: Parked): Promise<Row[]> {
  const { limit, turns = createTurns() } = options
  const { destination, reason, order, probe = false } = parked
  const list = `${reason} ${destination}`
  const release = async (statement: { name: string; text: string }, left: number, after: string) => {
    const values = [left, after, reason, destination]
    const { rows: told } = await client.query<(Row | { id: null }) & Walked>({ ...statement, values })
    const rows = told.filter((row) => row.id !== null).sort(byTurn)
    return { rows, last: rows.at(-1)?.job_id ?? after, walked: told[0] ?? { jobs: 0, last: null } }
  }
  const all: Row[] = []
  let after = turns.last.get(list) ?? NO_JOB
  if (order === 'oldest' && !probe && !turns.mixed.has(list)) {
    const { rows, last } = await release(stretch, limit, after)
    if (rows.length === 0) turns.mixed.add(list)
    all.push(...rows)
    after = last
  }
  let inVain = 0
  for (let left = limit - all.length; left > 0 && inVain < MOST_IN_VAIN; left = limit - all.length) {
    const { rows, last, walked } = await release(walk(order, probe), left, after)
    all.push(...rows)
    after = last
    if (rows.length === left) break
    inVain = rows.length === 0 ? inVain + 1 : 0
    // As many jobs as were looked for, yet less: others have locked some, and there may be more jobs.
    if (walked.jobs >= left && walked.last !== null) after = walked.last
    else if (!hasFullShare(rows, left)) break
  }
  if (all.length < limit) {
    turns.last.delete(list)
    turns.mixed.delete(list)
  } else turns.last.set(list, after)
  return all
}

const stretch = { name: 'dispatch-parked-one-each', text: releaseSql(oneEach(parkedList), NOT_WALKED) }

const walk = (order: DrainOrder, probe: boolean) => ({
  name: `dispatch-parked-${order}${probe ? '-probe' : ''}`,
  text: releaseSql(inTurn(parkedList, order), WALKED, probe),
})

/** Whether a job of those that were served had as many as its share: what others left of theirs is for it. */
function hasFullShare(rows: Row[], limit: number): boolean {
  const counts = [...Map.groupBy(rows, (row) => row.job_id).values()].map((them) => them.length)
  return counts.some((count) => count >= Math.ceil(limit / counts.length))
}
