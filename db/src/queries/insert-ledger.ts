import type { PgBoss } from 'pg-boss'
import type { PoolClient } from '../client.ts'
import { executionId } from '../execution-id.ts'
import { notifyFlow } from '../notify.ts'
import { enqueue, newItemId } from '../queue.ts'
import { FAR, type LedgerRow } from './ledger-rows.ts'
import { limitedBy } from './limited-by.ts'

/** An open circuit comes before any limit: what piles up behind it is found, and collapsed, by that reason. */
const MAY_BEGIN = `(r.state = 'queued' or (r.state = 'parked' and r.reason is distinct from 'circuit_open'))`

/** How many rows were not in the ledger yet, and how many of those went into the queue. */
export interface Inserted {
  rows: number
  items: number
}

/**
 * Inserts ledger rows, and queue items for those to be sent. A row whose occurrence is in the ledger already is left
 * out, and gets no item; one that a flow limits is parked for it, past the queue, unless its circuit is open. Rows that are
 * not `queued` need no pg-boss.
 */
export async function insertLedger(
  client: PoolClient,
  boss: PgBoss | null,
  rows: LedgerRow[],
  now: Date,
): Promise<Inserted> {
  if (rows.length === 0) return { rows: 0, items: 0 }
  const withIds = rows.map((row) => ({
    ...row,
    id: executionId(row),
    itemId: row.state === 'queued' ? newItemId() : null,
  }))
  const { rows: inserted } = await client.query<{
    id: string
    item_id: string | null
    scheduled_for: Date
    limited: boolean
  }>({
    name: 'insert-ledger',
    text: `
      insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, scheduled_until, count,
        effective_at, destination, item_id, created_at, finished_at, next_attempt_at, behind, flow_key)
      select r.id, r.job_id, r.job_version, r.kind, case when l.reason is null then r.state else 'parked' end,
        coalesce(l.reason, r.reason), r.scheduled_for, r.scheduled_until, r.count,
        r.effective_at, r.destination, case when l.reason is null then r.item_id end, $13::timestamptz,
        case when r.state in ('queued', 'waiting', 'parked') then null else $13::timestamptz end,
        case when l.reason is null then r.next_attempt_at else '${FAR.toISOString()}'::timestamptz end,
        r.behind, r.flow_key
      from unnest($1::uuid[], $2::uuid[], $3::int[], $4::execution_kind[], $5::execution_state[],
        $6::execution_reason[], $7::timestamptz[], $8::timestamptz[], $9::int[], $10::timestamptz[], $11::text[],
        $12::uuid[], $14::timestamptz[], $15::boolean[], $16::text[])
        as r(id, job_id, job_version, kind, state, reason, scheduled_for, scheduled_until, count, effective_at,
          destination, item_id, next_attempt_at, behind, flow_key)
      cross join lateral (select case when ${MAY_BEGIN} then ${limitedBy('r')} end as reason) as l
      -- Of an occurrence that another has recorded meanwhile the id is taken as well as the time.
      on conflict do nothing
      returning id, item_id, scheduled_for, reason in ('destination_limited', 'key_limited') as limited`,
    values: [
      withIds.map((row) => row.id),
      withIds.map((row) => row.jobId),
      withIds.map((row) => row.jobVersion),
      withIds.map((row) => row.kind),
      withIds.map((row) => row.state),
      withIds.map((row) => row.reason),
      withIds.map((row) => row.scheduledFor),
      withIds.map((row) => row.scheduledUntil),
      withIds.map((row) => row.count),
      withIds.map((row) => row.effectiveAt),
      withIds.map((row) => row.destination),
      withIds.map((row) => row.itemId),
      now,
      withIds.map((row) => row.nextAttemptAt),
      withIds.map((row) => row.behind),
      withIds.map((row) => row.flowKey),
    ],
  })
  const items = inserted.flatMap((row) =>
    row.item_id ? [{ id: row.item_id, data: { e: row.id, s: row.scheduled_for.getTime() } }] : [],
  )
  if (inserted.some((row) => row.limited)) await notifyFlow(client)
  if (boss) await enqueue(boss, client, items)
  else if (items.length > 0) throw new Error('pg-boss is needed to queue executions')
  return { rows: inserted.length, items: items.length }
}
