import type { CircuitStateName, DrainOrder } from '@scheduler/core/circuit'
import { type CircuitCause, closedCircuit, type SharedCircuit } from '@scheduler/core/shared-circuit'
import { v7 as uuidv7 } from 'uuid'
import type { Pool, PoolClient } from '../client.ts'
import { notifyCircuit } from '../notify.ts'
import { MOST_COUNTED } from './count-parked.ts'
import { recordEvents } from './events.ts'

/** A destination's circuit, as its row has it. */
export interface CircuitRecord extends SharedCircuit {
  destination: string
  drained: number
  drainOrder: DrainOrder
}

interface Row {
  destination: string
  state: CircuitStateName
  failures: number
  opened_at: Date | null
  retry_at: Date | null
  probe_id: string | null
  probe_until: Date | null
  draining_since: Date | null
  drained: number
  drain_order: DrainOrder
}

const columns = `destination, state, failures, opened_at, retry_at, probe_id, probe_until, draining_since, drained, drain_order`

/** The circuits of destinations that have a row; those without are closed. */
export async function readCircuits(on: Pool | PoolClient, destinations: string[]): Promise<CircuitRecord[]> {
  const { rows } = await on.query<Row>({
    name: 'read-circuits',
    text: `select ${columns} from destinations where destination = any($1::text[])`,
    values: [destinations],
  })
  return rows.map(toCircuit)
}

/** A locked circuit, and the database's time as of then. */
export interface LockedCircuit {
  circuit: CircuitRecord
  now: number
}

/** Locks the circuits of destinations, in order of name, and makes rows for those that have none. */
export async function lockCircuits(client: PoolClient, destinations: string[]): Promise<Map<string, LockedCircuit>> {
  const names = [...new Set(destinations)].sort()
  await client.query({
    name: 'make-circuits',
    text: `insert into destinations (destination, updated_at) select d, now() from unnest($1::text[]) as d on conflict do nothing`,
    values: [names],
  })
  const found = new Map<string, LockedCircuit>()
  for (const name of names) {
    const { rows } = await client.query<Row & { now: Date }>({
      name: 'lock-circuit',
      text: `select ${columns}, clock_timestamp() as now from destinations where destination = $1 for update`,
      values: [name],
    })
    for (const row of rows) found.set(name, { circuit: toCircuit(row), now: row.now.getTime() })
  }
  return found
}

/** Locks one circuit that has a row, unless somebody else has it locked; null then, or where it has none. */
export async function tryLockCircuit(
  client: PoolClient,
  destination: string,
): Promise<LockedCircuit | 'locked' | null> {
  const { rows } = await client.query<Row & { now: Date }>({
    name: 'try-lock-circuit',
    text: `select ${columns}, clock_timestamp() as now from destinations where destination = $1 for update skip locked`,
    values: [destination],
  })
  const [row] = rows
  if (row) return { circuit: toCircuit(row), now: row.now.getTime() }
  return (await readCircuits(client, [destination])).length > 0 ? 'locked' : null
}

/** Writes a circuit that is locked; with a cause, the change goes into its history and all workers are told. */
export async function writeCircuit(
  client: PoolClient,
  circuit: CircuitRecord,
  now: number,
  cause: CircuitCause | null,
): Promise<void> {
  const at = (ms: number | null) => (ms === null ? null : new Date(ms))
  await client.query({
    name: 'write-circuit',
    text: `update destinations set state = $2, failures = $3, opened_at = $4, retry_at = $5, probe_id = $6, probe_until = $7,
        draining_since = $8, drained = $9, drain_order = $10, updated_at = $11 where destination = $1`,
    values: [
      circuit.destination,
      circuit.state,
      circuit.failures,
      at(circuit.openedAt),
      at(circuit.retryAt),
      circuit.probeId,
      at(circuit.probeUntil),
      at(circuit.drainingSince),
      circuit.drained,
      circuit.drainOrder,
      new Date(now),
    ],
  })
  if (cause) await tell(client, circuit, now, cause)
}

/** How long after its timeout a probe's end may be told, ms. */
const PROBE_TOLD_MS = 15_000

/** Gives a probe the word until its attempt, of `timeoutMs` at the most, has ended and is told. */
export async function extendProbe(
  client: PoolClient,
  destination: string,
  probeId: string,
  timeoutMs: number,
): Promise<void> {
  await client.query(
    `update destinations set probe_until = now() + make_interval(secs => $3 / 1000.0)
     where destination = $1 and probe_id = $2`,
    [destination, probeId, timeoutMs + PROBE_TOLD_MS],
  )
}

/** The circuit's row is locked meanwhile: what is parked is counted up to a bound. */
async function tell(client: PoolClient, circuit: CircuitRecord, now: number, cause: CircuitCause): Promise<void> {
  const { destination, state, failures } = circuit
  const { rows } = await client.query<{ parked: number }>({
    name: 'circuit-change',
    text: `
      insert into circuit_changes (id, destination, state, cause, failures, parked, at)
      select $1, $2, $3, $4, $5, (select count(*)::int from (
        select from executions where next_attempt_at is not null and reason in ('circuit_open', 'destination_busy')
          and destination = $2 limit $7) as counted), $6
      returning parked`,
    values: [uuidv7(), destination, state, cause, failures, new Date(now), MOST_COUNTED],
  })
  const data = { state, cause, failures, parked: rows[0]?.parked ?? 0 }
  // A probe that fails keeps it open: whoever is told that it opened is told once.
  const type = state === 'closed' ? 'circuit.closed' : 'circuit.opened'
  if (TOLD.has(cause)) await recordEvents(client, [{ type, destination, at: new Date(now), data }])
  await notifyCircuit(client, destination)
}

const TOLD: ReadonlySet<CircuitCause> = new Set(['failures', 'opened', 'closed', 'reset', 'probe_succeeded'])

function toCircuit(row: Row): CircuitRecord {
  const at = (date: Date | null) => date?.getTime() ?? null
  return {
    ...closedCircuit,
    destination: row.destination,
    state: row.state,
    failures: row.failures,
    openedAt: at(row.opened_at),
    retryAt: at(row.retry_at),
    probeId: row.probe_id,
    probeUntil: at(row.probe_until),
    drainingSince: at(row.draining_since),
    drained: row.drained,
    drainOrder: row.drain_order,
  }
}
