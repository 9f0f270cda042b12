import type { Arrival } from './receiver.ts'

/** Stretches whose ids are kept: what came again after more of them shows as one too many beside the ledger. */
const KEPT = 5

/** Of one stretch: callbacks before their time and by how much at the most, ms; and those that had come before. */
export interface Faults {
  early: number
  earliestMs: number
  repeated: number
}

/** Remembers what has arrived, as far as it takes to know a repetition; memory does not grow with the time. */
export function arrivalRecord(kept = KEPT) {
  const recent: Set<string>[] = []
  let distinct = 0
  return {
    /** Executions that arrived since the beginning. */
    distinct: () => distinct,
    add(arrivals: Pick<Arrival, 'id' | 'at' | 'scheduledFor'>[]): Faults {
      const ids = new Set<string>()
      recent.push(ids)
      if (recent.length > kept) recent.shift()
      const faults: Faults = { early: 0, earliestMs: 0, repeated: 0 }
      for (const { id, at, scheduledFor } of arrivals) {
        if (at < scheduledFor) faults.early += 1
        faults.earliestMs = Math.max(faults.earliestMs, scheduledFor - at)
        if (recent.some((it) => it.has(id))) faults.repeated += 1
        else distinct += 1
        ids.add(id)
      }
      return faults
    },
  }
}
