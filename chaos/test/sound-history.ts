// Histories of runs in which everything was as it should be.
import { dice } from '@scheduler/core/test/dice'
import type { History } from '../history.ts'
import { someChanges } from './model-changes.ts'
import { modelFaults, QUIET } from './model-faults.ts'
import { runJob } from './model-job.ts'

export interface Size {
  jobs: number
  /** Faults at the most. */
  faults: number
  /** Changes of a job at the most, besides its create and what ends it. */
  changes: number
}

/** The same for the same seed. */
export function soundHistory(seed: number, { jobs, changes, faults: most }: Size): History {
  const chosen = dice(seed)
  const faults = modelFaults(chosen, most)
  const history: History = {
    ...{ jobs: [], faults: faults.all, arrivals: [], ledger: [], attempts: [], quietSince: QUIET },
  }
  for (let n = 0; n < jobs; n += 1) {
    const id = chosen.uuid()
    const done = someChanges(chosen, faults, `/${n}`, changes)
    history.jobs.push({ id, changes: done.map(({ change }) => change) })
    runJob({ dice: chosen, faults, history }, id, done)
  }
  history.arrivals.sort((a, b) => a.at - b.at)
  return history
}
