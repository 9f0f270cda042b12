import type { PgBoss } from 'pg-boss'
import type { PoolClient } from '../client.ts'
import { executionId } from '../execution-id.ts'
import { notifyFlow } from '../notify.ts'
import { enqueue, type Item, type ItemData, insertClaimed, newItemId } from '../queue.ts'
import type { Claim } from './begin-attempts.ts'
import { FAR, type LedgerRow } from './ledger-rows.ts'
import { limitedBy } from './limited-by.ts'

/** An open circuit comes before any limit: what piles up behind it is found, and collapsed, by that reason. */
const MAY_BEGIN = `(r.state = 'queued' or (r.state = 'parked' and r.reason is distinct from 'circuit_open'))`

/** A circuit that has opened meanwhile, or a limit: its execution is then dealt with as any other. */
const BEGINS = `r.begins and l.reason is null
  and (select true from destinations where destination = r.destination and state <> 'closed' limit 1) is null`

/** How many rows were not in the ledger yet, how many of those went into the queue, and which have begun. */
export interface Inserted {
  rows: number
  items: number
  begun: Begun[]
}

/** What has begun as it was dispatched; of its job, what that says. */
export type Begun = Omit<Claim, 'jobVersion' | 'recurring' | 'nextRunAt'>

/** Which rows' first attempts this worker begins at once. */
export interface Beginning {
  workerId: string
  rows: ReadonlySet<LedgerRow>
}

interface InsertedRow {
  id: string
  item_id: string | null
  job_id: string
  scheduled_for: Date
  limited: boolean
  begun: boolean
  first_attempt_at: Date
  destination: string
  url: string
  payload: string
  delivery: Claim['delivery']
}

/**
 * Inserts ledger rows, and queue items for those to be sent. A row whose occurrence is in the ledger already is left
 * out, and gets no item; one that a flow limits is parked for it, past the queue, unless its circuit is open. Rows that are
 * not `queued` need no pg-boss. Those that begin have the start of their attempt on record, as of a claim; the caller has their
 * jobs locked.
 */
export async function insertLedger(
  client: PoolClient,
  boss: PgBoss | null,
  rows: LedgerRow[],
  now: Date,
  begin?: Beginning,
): Promise<Inserted> {
  if (rows.length === 0) return { rows: 0, items: 0, begun: [] }
  const withIds = rows.map((row) => ({
    ...row,
    id: executionId(row),
    itemId: row.state === 'queued' ? newItemId() : null,
  }))
  const { rows: inserted } = await client.query<InsertedRow>({
    name: 'insert-ledger',
    text: `
      insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, scheduled_until, count,
        effective_at, destination, item_id, created_at, finished_at, next_attempt_at, behind, flow_key, attempt, claimed_at,
        claimed_by, first_attempt_at)
      select r.id, r.job_id, r.job_version, r.kind,
        case when c.begins then 'running' when l.reason is null then r.state else 'parked' end,
        coalesce(l.reason, r.reason), r.scheduled_for, r.scheduled_until, r.count,
        r.effective_at, r.destination, case when l.reason is null then r.item_id end, $13::timestamptz,
        case when r.state in ('queued', 'waiting', 'parked') then null else $13::timestamptz end,
        case when l.reason is null then r.next_attempt_at else '${FAR.toISOString()}'::timestamptz end,
        r.behind, r.flow_key, case when c.begins then 1 else 0 end, case when c.begins then clock_timestamp() end,
        case when c.begins then $18::uuid end, case when c.begins then $13::timestamptz end
      from unnest($1::uuid[], $2::uuid[], $3::int[], $4::execution_kind[], $5::execution_state[],
        $6::execution_reason[], $7::timestamptz[], $8::timestamptz[], $9::int[], $10::timestamptz[], $11::text[],
        $12::uuid[], $14::timestamptz[], $15::boolean[], $16::text[], $17::boolean[])
        as r(id, job_id, job_version, kind, state, reason, scheduled_for, scheduled_until, count, effective_at,
          destination, item_id, next_attempt_at, behind, flow_key, begins)
      -- Each asked once for a row: without OFFSET they would be wherever they are named.
      cross join lateral (select case when ${MAY_BEGIN} then ${limitedBy('r')} end as reason offset 0) as l
      cross join lateral (select ${BEGINS} as begins offset 0) as c
      -- Of an occurrence that another has recorded meanwhile the id is taken as well as the time.
      on conflict do nothing
      returning id, item_id, job_id, scheduled_for, reason in ('destination_limited', 'key_limited') as limited,
        state = 'running' as begun, first_attempt_at, destination,
        case when state = 'running' then (select callback_url from jobs where id = job_id) end as url,
        case when state = 'running' then (select payload from jobs where id = job_id) end as payload,
        case when state = 'running' then (select delivery from jobs where id = job_id) end as delivery`,
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
      rows.map((row) => begin?.rows.has(row) ?? false),
      begin?.workerId ?? null,
    ],
  })
  const began = inserted.filter((row) => row.begun)
  const items = itemsOf(inserted.filter((row) => !row.begun))
  if (inserted.some((row) => row.limited)) await notifyFlow(client)
  if (boss) await enqueue(boss, client, items)
  else if (items.length > 0) throw new Error('pg-boss is needed to queue executions')
  const claimed = await insertClaimed(client, itemsOf(began))
  const begun = began.flatMap((row, n) => (claimed[n] ? [begunOf(row, claimed[n])] : []))
  return { rows: inserted.length, items: items.length, begun }
}

function itemsOf(rows: InsertedRow[]): { id: string; data: ItemData }[] {
  return rows.flatMap(({ id, item_id, scheduled_for }) =>
    item_id ? [{ id: item_id, data: { e: id, s: scheduled_for.getTime() } }] : [],
  )
}

function begunOf(row: InsertedRow, item: Item): Begun {
  return {
    ...{ item, executionId: row.id, jobId: row.job_id, scheduledFor: row.scheduled_for, attempt: 1, failures: 0 },
    ...{ firstAttemptAt: row.first_attempt_at, callbackUrl: row.url, destination: row.destination },
    ...{ payload: row.payload, delivery: row.delivery, isProbe: false },
  }
}
