import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { notifyFlow } from '../notify.ts'
import { endItems, fetchItems, type Item, isSound, touchItems } from '../queue.ts'
import { transaction } from '../transaction.ts'
import { begin, type Claim, endCancelled, type Park, recordAbandoned } from './begin-attempts.ts'
import { giveBackSlots } from './flow-slots.ts'
import { FAR } from './ledger-rows.ts'
import { type Found, lockExecutions } from './lock-executions.ts'
import { parkAll } from './park-all.ts'

/** An item this worker holds whose attempt has not begun: its execution is still `queued`, and can be cancelled. */
export interface Held {
  item: Item
  destination: string
  /** Whether its latest attempt was lost with its worker: it has waited long enough, and goes first. */
  lost: boolean
}

export interface Claimed {
  claims: Claim[]
  held: Held[]
  /** Items that were fetched; as many as the limit means there may be more. */
  fetched: number
  /** How many executions were parked instead. */
  parked: number
}

/** What becomes of a claimed execution: `send` it, `hold` its item for later, or park it. */
export type Decide = (
  execution: Pick<Found, 'destination' | 'circuit'> & { lost: boolean },
  now: Date,
) => 'send' | 'hold' | Park

export interface ClaimParts {
  pool: Pool
  boss: PgBoss
  workerId: string
}

/**
 * Takes up to `limit` items and begins the next attempt of each one's execution, in one transaction. `decide` sees
 * each execution in order, but for those that a limit keeps back.
 *
 * The executions' rows are locked first and the jobs read after, in a statement of its own: a delete, a pause or an edit
 * that was answered before is seen, and one that comes later waits for us and finds the attempt in flight.
 */
export async function claim({ pool, boss, workerId }: ClaimParts, limit: number, decide: Decide): Promise<Claimed> {
  return await transaction(pool, async (client) => {
    const items = await fetchItems(boss, client, limit)
    if (items.length === 0) return { claims: [], held: [], fetched: 0, parked: 0 }
    // Items that aren't ours to make sense of are ended with those whose execution is gone.
    const { found, now } = await lockExecutions(client, items.filter(isSound))

    const send: Found[] = []
    const held: Held[] = []
    const park: (Found & Park)[] = []
    const limited: Found[] = []
    for (const execution of await endCancelled(client, found, now)) {
      const { item, destination } = execution
      if (execution.lacks) {
        limited.push(execution)
        continue
      }
      const lost = execution.state === 'running'
      const decision = decide({ destination, circuit: execution.circuit, lost }, now)
      if (decision === 'send') send.push(execution)
      else if (decision === 'hold') held.push({ item, destination, lost })
      else park.push({ ...execution, ...decision })
    }
    const claims = await begin(client, send, workerId, now)
    await recordAbandoned(client, park, now)
    await parkAll(client, park)
    await parkLimited(client, limited, now)
    await giveBackSlots(
      client,
      park.filter((it) => it.granted),
    )
    const kept = new Set([...claims, ...held].map((it) => it.item.id))
    await endItems(
      boss,
      client,
      items.filter((item) => !kept.has(item.id)),
    )
    return { claims, held, fetched: items.length, parked: park.length + limited.length }
  })
}

/** Parks what lacks a grant, in the lists where its job belongs now, and tells the flow keepers. */
async function parkLimited(client: PoolClient, limited: Found[], now: Date): Promise<void> {
  if (limited.length === 0) return
  await recordAbandoned(client, limited, now)
  await parkAll(
    client,
    limited.flatMap((it) => (it.lacks ? { ...it, reason: it.lacks, at: FAR } : [])),
  )
  await client.query({
    name: 'move-limited',
    text: `
      update executions e set destination = j.destination, flow_key = j.flow_key
      from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as p(id, scheduled_for, job_id)
      cross join lateral (
        select destination, flow_key from jobs where id >= p.job_id and id <= p.job_id order by id limit 1) as j
      where e.id = p.id and e.scheduled_for = p.scheduled_for
        and (e.destination, e.flow_key) is distinct from (j.destination, j.flow_key)`,
    values: [limited.map((it) => it.id), limited.map((it) => it.scheduled_for), limited.map((it) => it.job_id)],
  })
  await giveBackSlots(
    client,
    limited.filter((it) => it.granted),
  )
  await notifyFlow(client)
}

/**
 * Begins attempts of items that were held. Those whose execution was cancelled meanwhile are ended; those that were lost
 * to another worker are left to it. Neither comes back; nor do those that came to be limited meanwhile, and are parked.
 */
export async function beginHeld({ pool, boss, workerId }: ClaimParts, held: Held[]): Promise<Claim[]> {
  return await transaction(pool, async (client) => {
    const items = held.map(({ item }) => item)
    const { found, now } = await lockExecutions(client, items, { held: true })
    const live = await endCancelled(client, found, now)
    const limited = live.filter((it) => it.lacks)
    await parkLimited(client, limited, now)
    // Opened since they were admitted: by another worker, which need not have told us yet.
    const free = live.filter((it) => !it.lacks)
    const [send, keep] = [free.filter(maySend), free.filter((it) => !maySend(it))]
    await parkAll(
      client,
      keep.map((it) => ({ ...it, reason: 'circuit_open' as const, at: it.circuit?.retryAt ?? FAR })),
    )
    await giveBackSlots(
      client,
      keep.filter((it) => it.granted),
    )
    const claims = await begin(client, send, workerId, now)
    // A claim that was lost meanwhile is left alone by this too.
    const begun = new Set(claims.map((it) => it.item.id))
    await endItems(
      boss,
      client,
      items.filter((item) => !begun.has(item.id)),
    )
    return claims
  })
}

const maySend = ({ circuit }: Found): boolean => circuit === null || circuit.isProbe

/**
 * Puts held items back: their executions are parked as `park` says, or, without it, for anyone to take at once. Those
 * that were lost to another worker are left to it.
 */
export async function putBack({ pool, boss }: ClaimParts, held: Held[], park?: Park): Promise<void> {
  await transaction(pool, async (client) => {
    const items = await stillHeld(boss, client, held)
    const { found, now } = await lockExecutions(client, items)
    const parking = park ?? { reason: 'destination_busy', at: now }
    const live = await endCancelled(client, found, now)
    await recordAbandoned(client, live, now)
    await parkAll(
      client,
      live.map((execution) => ({ ...execution, ...parking })),
    )
    await giveBackSlots(
      client,
      live.filter((it) => it.granted),
    )
    await endItems(boss, client, items)
  })
}

/** The items whose claim is still this worker's; it is renewed, and stays so until the transaction ends. */
async function stillHeld(boss: PgBoss, client: PoolClient, held: Held[]): Promise<Item[]> {
  const items = held.map(({ item }) => item)
  const still = await touchItems(boss, items, client)
  return items.filter(({ id }) => still.has(id))
}
