import type { DrainOrder } from '@scheduler/core/circuit'
import { closed, opened, type SharedCircuit } from '@scheduler/core/shared-circuit'
import type { Pool } from '../client.ts'
import { transaction } from '../transaction.ts'
import { lockCircuits, writeCircuit } from './shared-circuits.ts'

/** What a person may do to a circuit. */
export type CircuitChange =
  | { to: 'open'; seconds: number | null }
  /** `failures`: how many it keeps: one less than open it again, or none. */
  | { to: 'closed'; cause: 'closed' | 'reset'; failures: number }
  | { drainOrder: DrainOrder }

/** Changes a destination's circuit for all workers, whatever its state; makes a row for one that has none. */
export async function changeCircuit(pool: Pool, destination: string, change: CircuitChange): Promise<void> {
  await transaction(pool, async (client) => {
    const locked = (await lockCircuits(client, [destination])).get(destination)
    if (!locked) return
    const { circuit, now } = locked
    if ('drainOrder' in change) {
      await writeCircuit(client, { ...circuit, drainOrder: change.drainOrder }, now, null)
      return
    }
    const changed = changedBy(circuit, change, now)
    const drained = changed.drainingSince === circuit.drainingSince ? circuit.drained : 0
    await writeCircuit(client, { ...circuit, ...changed, drained }, now, change.to === 'open' ? 'opened' : change.cause)
  })
}

function changedBy(
  circuit: SharedCircuit,
  change: Exclude<CircuitChange, { drainOrder: DrainOrder }>,
  now: number,
): SharedCircuit {
  if (change.to === 'closed') return closed(circuit, now, change.failures)
  return opened(circuit, now, change.seconds === null ? null : now + change.seconds * 1_000)
}
