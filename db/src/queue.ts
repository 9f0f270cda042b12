import { PgBoss } from 'pg-boss'
import { v7 as uuidv7 } from 'uuid'
import type { Pool, PoolClient } from './client.ts'
import { DELIVERY_QUEUE, queueOptions } from './queue-options.ts'
import { transaction } from './transaction.ts'

export { CRASH_BUDGET, DELIVERY_QUEUE, HEARTBEAT_SECONDS, HOUSEKEEPING_QUEUE } from './queue-options.ts'

/** A started pg-boss. */
export type Boss = PgBoss

/** What a housekeeping item says. */
export interface HousekeepingTask {
  task: 'prune' | 'reconcile'
}

/** What an item says: which execution to carry out. Ids only, so that no payload or secret reaches `pgboss.*`. */
export interface ItemData {
  /** `executions.id` */
  e: string
  /** `executions.scheduled_for`, ms since 1970 */
  s: number
}

/** A claimed item; `retryCount` fences every later touch and settle to this claim. */
export interface Item {
  id: string
  retryCount: number
  data: ItemData
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A little less than the year 10000, the last that ISO 8601 writes with four digits. */
const MAX_TIME = 253_402_300_800_000

/** Whether an item says which execution it is for; anyone may put anything into a queue. */
export function isSound({ data }: Pick<Item, 'data'>): boolean {
  return typeof data?.e === 'string' && UUID.test(data.e) && Number.isInteger(data.s) && Math.abs(data.s) < MAX_TIME
}

export interface QueueOptions {
  /** True where pg-boss's `schedule()` is to fire: the workers. */
  schedule?: boolean
  onError?: (error: Error) => void
}

/**
 * pg-boss on our own pool. It does not supervise by itself: one worker at a time calls `supervise()`. The schema must be
 * there already (`applyMigrations`).
 */
export async function startQueue(pool: Pool, options: QueueOptions = {}): Promise<PgBoss> {
  const boss = new PgBoss({
    db: bossDb(pool),
    migrate: false,
    supervise: false,
    schedule: options.schedule ?? false,
    // The leader calls it every two seconds; at the same interval pg-boss would skip every other call.
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
    maintenanceIntervalSeconds: 3_600,
    // No item ever depends on another, and no asynchronous migration is expected: look rarely.
    flowIntervalSeconds: 3_600,
    bamIntervalSeconds: 3_600,
    cronMonitorIntervalSeconds: 30,
    cronWorkerIntervalSeconds: 30,
    registerInstance: false,
  })
  // Only the message: the whole error prints the database client, pages of it.
  boss.on('error', (error) => options.onError?.(new Error(error.message)))
  return await boss.start()
}

/** Creates or updates pg-boss's schema and our queues. Call it under the migration lock. */
export async function installQueue(connectionString: string): Promise<void> {
  const boss = new PgBoss({ connectionString, max: 2, supervise: false, schedule: false, registerInstance: false })
  boss.on('error', () => {})
  await boss.start()
  try {
    for (const [name, options] of Object.entries(queueOptions)) {
      await boss.createQueue(name, options)
      const { policy: _, ...changeable } = options
      await boss.updateQueue(name, changeable)
    }
  } finally {
    await boss.stop({ graceful: false })
  }
}

/** An id for a new item, so that the execution's row can name the item before it is inserted. */
export const newItemId = (): string => uuidv7()

/** Inserts items in the caller's transaction. @throws when fewer were taken than given: none may be dropped silently. */
export async function enqueue(
  boss: PgBoss,
  client: PoolClient,
  items: { id: string; data: ItemData }[],
): Promise<void> {
  if (items.length === 0) return
  const inserted = await boss.insert(DELIVERY_QUEUE, items, { db: preparedDb(client), returnId: true })
  if (inserted?.length !== items.length) {
    throw new Error(`pg-boss took ${inserted?.length ?? 0} of ${items.length} items`)
  }
}

/**
 * Inserts items that are this worker's from the beginning, in the caller's transaction: as pg-boss would leave them once it had
 * inserted and fetched them, which are two versions of a row, and two entries in each index of it, where one will do.
 */
export async function insertClaimed(client: PoolClient, items: { id: string; data: ItemData }[]): Promise<Item[]> {
  if (items.length === 0) return []
  const { rowCount } = await client.query({
    name: 'insert-claimed',
    text: `
      insert into pgboss.job (id, name, data, state, start_after, created_on, started_on, heartbeat_on, keep_until, policy,
        expire_seconds, deletion_seconds, retry_limit, retry_delay, retry_backoff, retry_delay_max, dead_letter, heartbeat_seconds)
      select i.id, q.name, i.data, 'active', at, at, at, at, at + q.retention_seconds * interval '1 second', q.policy,
        q.expire_seconds, q.deletion_seconds, q.retry_limit, q.retry_delay, q.retry_backoff, q.retry_delay_max, q.dead_letter,
        q.heartbeat_seconds
      from unnest($2::uuid[], $3::jsonb[]) as i(id, data), pgboss.queue q, pgboss.job_now() as at
      where q.name = $1`,
    values: [DELIVERY_QUEUE, items.map(({ id }) => id), items.map(({ data }) => JSON.stringify(data))],
  })
  if (rowCount !== items.length) throw new Error(`pg-boss's table took ${rowCount ?? 0} of ${items.length} items`)
  return items.map((item) => ({ ...item, retryCount: 0 }))
}

/** Claims up to `limit` items in the caller's transaction, oldest first. */
export async function fetchItems(boss: PgBoss, client: PoolClient, limit: number): Promise<Item[]> {
  return await boss.fetch<ItemData>(DELIVERY_QUEUE, { batchSize: limit, db: bossDb(client) })
}

/**
 * Ends items in the caller's transaction: they are deleted, since the ledger has their history. A claim that was lost
 * meanwhile is left alone. Returns the ids that were ended.
 */
export async function endItems(boss: PgBoss, client: PoolClient, items: Item[]): Promise<Set<string>> {
  if (items.length === 0) return new Set()
  const { settled } = (await boss.deleteJob(DELIVERY_QUEUE, items, { db: preparedDb(client) })) as {
    settled?: string[]
  }
  return new Set(settled)
}

/** Renews the claims, in the caller's transaction if given; returns the ids of those that are still held. */
export async function touchItems(boss: PgBoss, items: Item[], client?: PoolClient): Promise<Set<string>> {
  if (items.length === 0) return new Set()
  const options = client ? { db: preparedDb(client) } : {}
  const { settled } = (await boss.touch(DELIVERY_QUEUE, items, options)) as { settled?: string[] }
  return new Set(settled)
}

/**
 * Renews the claims of items whose attempts are under way, and tells which are `held` still and which were `lost`.
 *
 * An item that another transaction has locked is in neither: it is being settled at this moment. Waiting for it while
 * holding others could be waited for in turn.
 */
export async function renewItems(
  boss: PgBoss,
  pool: Pool,
  items: Item[],
): Promise<{ held: Set<string>; lost: Set<string> }> {
  return await transaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string; free: boolean }>(
      `with free as (select id from pgboss.job where name = $1 and id = any($2::uuid[]) for update skip locked)
       select id, exists (select from free where free.id = job.id) as free
       from pgboss.job where name = $1 and id = any($2::uuid[])`,
      [DELIVERY_QUEUE, items.map(({ id }) => id)],
    )
    const locked = new Set(rows.filter(({ free }) => !free).map(({ id }) => id))
    const others = items.filter(({ id }) => !locked.has(id))
    const held = await touchItems(boss, others, client)
    return { held, lost: new Set(others.map(({ id }) => id)).difference(held) }
  })
}

/** pg-boss's view of a pool or of one transaction's client. Arrays go as one parameter each, so statements stay short. */
function bossDb(client: Pool | PoolClient) {
  return { executeSql: (text: string, values?: unknown[]) => client.query(text, values) }
}

/** Statements of pg-boss that are prepared at the most: of each connection, and there are ten. */
const MOST_PREPARED = 20

const names = new Map<string, string>()

/**
 * pg-boss's view of a transaction, for statements that a worker sends all the time: prepared, since planning one anew took the
 * server as long as carrying it out. Not for its fetch: its limit is in its text, and its plan of an empty queue reads all of a full one.
 */
function preparedDb(client: PoolClient) {
  return {
    executeSql(text: string, values: unknown[] = []) {
      if (!names.has(text) && names.size < MOST_PREPARED) names.set(text, `queue-${names.size}`)
      const name = names.get(text)
      return client.query(name === undefined ? { text, values } : { name, text, values })
    },
  }
}
