import type { PoolClient } from '../client.ts'
import { DELIVERY_QUEUE, type Item } from '../queue.ts'
import { hasSlot, lacksGrant } from './limited-by.ts'

/** A locked execution that its item may carry on. */
export interface Found {
  id: string
  job_id: string
  scheduled_for: Date
  state: string
  attempt: number
  destination: string
  claimed_at: Date | null
  claimed_by: string | null
  job_version: number
  reason: string | null
  /** The circuit of its destination, where that is not closed. */
  circuit: { state: 'open' | 'half_open'; retryAt: Date | null; isProbe: boolean } | null
  /** When its attempt, lost since with its worker, was to be broken off: it gets no other. */
  cancel_requested_at: Date | null
  /** The limit without whose grant it may not begin; null when there is none, or it has its slots. */
  lacks: 'destination_limited' | 'key_limited' | null
  /** Whether it has a slot of any flow. */
  granted: boolean
  item: Item
}

const items =
  'unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::int[]) as i(id, scheduled_for, item_id, retry_count)'

/**
 * Items whose claim is still the one that is named, locked before their executions, as the claim of another worker would lock
 * them. A lock keeps what a renewal would, and costs no new version of the row. Each is looked up by its id, in an order that no
 * other index has: who planned this while the queue was empty would read all that is active in it, once for each.
 */
const heldItems = `
  (select i.* from ${items} cross join lateral (
    select from pgboss.job b
    where b.name = '${DELIVERY_QUEUE}' and b.id >= i.item_id and b.id <= i.item_id
      and b.state = 'active' and b.retry_count = i.retry_count
    order by b.id limit 1 for update) as held)`

const lockSql = (source: string) => `
  with i as materialized ${source}
  select e.id, e.job_id, e.scheduled_for, e.state, e.attempt, coalesce(j.destination, e.destination) as destination, e.claimed_at, e.claimed_by, e.job_version,
    e.cancel_requested_at, e.item_id, e.reason, clock_timestamp() as now, d.state as circuit_state, d.retry_at,
    d.probe_id, ${lacksGrant('e')} as lacks, ${hasSlot('e')} as granted
  from i
  cross join lateral (
    select * from executions
    where scheduled_for = i.scheduled_for and id >= i.id and id <= i.id
      and item_id = i.item_id and state in ('queued', 'running') and ack_deadline_at is null
    order by id limit 1 for update) as e
  -- One that was lost in flight may have had its job edited meanwhile: it goes where the job is now.
  left join lateral (
    select destination from jobs where e.state = 'running' and id >= e.job_id and id <= e.job_id order by id limit 1) as j on true
  left join lateral (
    select * from destinations where destination = coalesce(j.destination, e.destination) and state <> 'closed' limit 1) as d on true`

const lockClaimed = { name: 'lock-executions', text: lockSql(`(select * from ${items})`) }
const lockHeld = { name: 'lock-held-executions', text: lockSql(heldItems) }

/**
 * Locks the items' executions, in order of id so that two claims can't block each other; cancelled ones don't come back, nor
 * those that a receiver has accepted, whose item came back since its lease was lost just then. `held` are items that were
 * claimed before: those that were lost since don't come back either.
 */
export async function lockExecutions(
  client: PoolClient,
  items: Item[],
  { held = false } = {},
): Promise<{ found: Found[]; now: Date }> {
  // In order by the arrays, which the join walks: an ORDER BY would have the planner, which is to do without sorts, walk the
  // whole table in order of id.
  const inOrder = [...items].sort((a, b) => (a.data.e < b.data.e ? -1 : 1))
  const { rows } = await client.query<LockedRow>({
    ...(held ? lockHeld : lockClaimed),
    values: [
      inOrder.map((item) => item.data.e),
      inOrder.map((item) => new Date(item.data.s)),
      inOrder.map((item) => item.id),
      inOrder.map((item) => item.retryCount),
    ],
  })
  const byId = new Map(items.map((item) => [item.id, item]))
  const found = rows.flatMap((row) => {
    const item = byId.get(row.item_id)
    return item ? [{ ...row, item, circuit: circuitOf(row) }] : []
  })
  return { found, now: rows[0]?.now ?? new Date(Number.NaN) }
}

interface LockedRow extends Omit<Found, 'item' | 'circuit'> {
  now: Date
  item_id: string
  circuit_state: 'open' | 'half_open' | null
  retry_at: Date | null
  probe_id: string | null
}

function circuitOf({ id, reason, circuit_state: state, retry_at: retryAt, probe_id }: LockedRow): Found['circuit'] {
  return state && { state, retryAt, isProbe: reason === 'circuit_probe' && probe_id === id }
}
