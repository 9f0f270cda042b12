import { afterReport, type CircuitSettings, type OutcomeReport } from '@scheduler/core/shared-circuit'
import type { Pool } from '../client.ts'
import { transaction } from '../transaction.ts'
import { type CircuitRecord, lockCircuits, writeCircuit } from './shared-circuits.ts'

/** What reporting came to: the circuits as they are now, and which of them changed their state by it. */
export interface Reported {
  circuits: CircuitRecord[]
  changed: CircuitRecord[]
}

/**
 * Tells how attempts have ended in one worker; the circuits of their destinations open and close for all workers. The rows
 * are locked one after the other in order of name, so that reports of several workers add up.
 */
export async function reportOutcomes(
  pool: Pool,
  reports: OutcomeReport[],
  settings: CircuitSettings,
): Promise<Reported> {
  if (reports.length === 0) return { circuits: [], changed: [] }
  return await transaction(pool, async (client) => {
    const locked = await lockCircuits(
      client,
      reports.map((it) => it.destination),
    )
    const done: Reported = { circuits: [], changed: [] }
    for (const report of reports) {
      const found = locked.get(report.destination)
      if (!found) continue
      const { circuit, cause } = afterReport(found.circuit, report, found.now, settings)
      const drained = circuit.drainingSince === found.circuit.drainingSince ? found.circuit.drained : 0
      const row = { ...found.circuit, ...circuit, drained }
      await writeCircuit(client, row, found.now, cause)
      done.circuits.push(row)
      if (row.state !== found.circuit.state) done.changed.push(row)
    }
    return done
  })
}
