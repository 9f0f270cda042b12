import { type Ramp, rampAt, rampTime } from '@scheduler/core/ramp'
import { mayProbe, probing } from '@scheduler/core/shared-circuit'
import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { transaction } from '../transaction.ts'
import type { Park } from './begin-attempts.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { type Bar, barsProbe, grantProbe } from './grant-slots.ts'
import type { Turns } from './in-turn.ts'
import { type CircuitRecord, type LockedCircuit, tryLockCircuit, writeCircuit } from './shared-circuits.ts'

/** How long a probe may lie in the queue before another takes its place, ms. Once it is sent it has its timeout. */
const PROBE_QUEUED_MS = 15_000

/** How soon to ask again where another worker is at it, ms. */
const LOCKED_MS = 20

/** How soon to ask again where limits let no probe begin, ms: there may be hundreds of such destinations. */
const BARRED_MS = { paused: 5_000, limited: 1_000, locked: 10 * LOCKED_MS } as const satisfies Record<Bar, number>

export interface ReleaseOptions {
  destination: string
  reason: Park['reason']
  /** How many at the most. */
  limit: number
  ramp: Ramp
  turns?: Turns
}

export interface Released {
  /** How many went into the queue. */
  count: number
  /** Whether more of them may be parked. */
  more: boolean
  /** When to ask again, ms from now; null: when something changes. */
  waitMs: number | null
  /** The destination's circuit; null where it never failed. */
  circuit: CircuitRecord | null
}

/**
 * Puts parked executions of a destination into the queue, as its circuit allows: any number while it is closed, as many as
 * the ramp has come to while it is being drained, one as the probe once an open one's time is up, else none. Of several
 * workers that ask one does it.
 */
export async function releaseParked(pool: Pool, boss: PgBoss, options: ReleaseOptions): Promise<Released> {
  try {
    return await releaseAsAllowed(pool, boss, options)
  } catch (error) {
    if (error instanceof ProbeBarred) return { count: 0, more: true, waitMs: error.waitMs, circuit: null }
    throw error
  }
}

/** The limit of its flow key lets the one that was chosen not begin: all that was done for it is undone. */
class ProbeBarred extends Error {
  readonly waitMs: number

  constructor(bar: Bar) {
    super(`the probe is barred: ${bar}`)
    // A key may be paused for long; but the execution whose turn is next need not have that key.
    this.waitMs = Math.min(BARRED_MS[bar], BARRED_MS.limited)
  }
}

async function releaseAsAllowed(pool: Pool, boss: PgBoss, options: ReleaseOptions): Promise<Released> {
  const { destination, limit, ramp } = options
  return await transaction(pool, async (client) => {
    const locked = await tryLockCircuit(client, destination)
    if (locked === 'locked') return { count: 0, more: true, waitMs: LOCKED_MS, circuit: null }
    if (!locked) return await releasePlainly(client, boss, options, null)
    const { circuit, now } = locked
    if (circuit.state !== 'closed') return await probe(client, boss, locked, options)
    if (circuit.drainingSince === null) return await releasePlainly(client, boss, options, circuit)

    const elapsed = now - circuit.drainingSince
    const allowed = Math.min(limit, rampAt(ramp, elapsed) - circuit.drained)
    const waitMs = Math.max(1, Math.ceil(rampTime(ramp, circuit.drained + Math.max(0, allowed) + 1) - elapsed))
    if (allowed <= 0) return { count: 0, more: true, waitMs, circuit }
    const { count, limited, more } = await release(client, boss, options, allowed, circuit, new Date(now))
    const isOver = !more && !(await anyParked(client, destination))
    // What goes to the list of a limit counts too: the limit may be far above the ramp.
    const drained = circuit.drained + count + limited
    const row = { ...circuit, drained, drainingSince: isOver ? null : circuit.drainingSince }
    if (drained > circuit.drained || isOver) await writeCircuit(client, row, now, null)
    return { count, more, waitMs: more ? waitMs : null, circuit: row }
  })
}

async function releasePlainly(
  client: PoolClient,
  boss: PgBoss,
  options: ReleaseOptions,
  circuit: CircuitRecord | null,
): Promise<Released> {
  const { count, more } = await release(client, boss, options, options.limit, circuit)
  return { count, more, waitMs: null, circuit }
}

async function release(
  client: PoolClient,
  boss: PgBoss,
  { destination, reason, turns }: ReleaseOptions,
  limit: number,
  circuit: CircuitRecord | null,
  now?: Date,
): Promise<{ count: number; limited: number; more: boolean }> {
  const parked = { destination, reason, order: circuit?.drainOrder ?? 'oldest' }
  const given = { limit, parked, ...(now && { lateAt: now }), ...(turns && { turns }) }
  const { ids, skipped, limited } = await dispatchHeld(client, boss, given)
  return { count: ids.length, limited, more: ids.length + skipped + limited === limit }
}

/** Sends one execution, which another worker may claim, to find out whether the destination answers again. */
async function probe(
  client: PoolClient,
  boss: PgBoss,
  { circuit, now }: LockedCircuit,
  { destination, reason, turns }: ReleaseOptions,
): Promise<Released> {
  const dueAt = circuit.state === 'open' ? circuit.retryAt : circuit.probeUntil
  if (!mayProbe(circuit, now)) return { count: 0, more: true, waitMs: dueAt && Math.max(1, dueAt - now), circuit }
  const barred = await barsProbe(client, destination)
  if (barred) return { count: 0, more: true, waitMs: BARRED_MS[barred], circuit }
  const parked = { destination, reason, order: circuit.drainOrder, probe: true }
  const { ids, skipped } = await dispatchHeld(client, boss, {
    ...{ limit: 1, parked, lateAt: new Date(now) },
    ...(turns && { turns }),
  })
  const [id] = ids
  if (!id) return { count: 0, more: skipped > 0, waitMs: skipped > 0 ? 1 : null, circuit }
  const bar = await grantProbe(client, id)
  if (bar) throw new ProbeBarred(bar)
  const row = { ...circuit, ...probing(circuit, id, now, PROBE_QUEUED_MS) }
  await writeCircuit(client, row, now, 'probe')
  return { count: 1, more: true, waitMs: PROBE_QUEUED_MS, circuit: row }
}

async function anyParked(client: PoolClient, destination: string): Promise<boolean> {
  const { rows } = await client.query<{ any: boolean }>({
    name: 'any-parked',
    text: `select exists (select from executions where next_attempt_at is not null and reason = 'circuit_open' and destination = $1)
        or exists (select from executions where next_attempt_at is not null and reason = 'destination_busy' and destination = $1)
      as any`,
    values: [destination],
  })
  return rows[0]?.any ?? false
}
