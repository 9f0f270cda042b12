// What the checker says of a run.
import type { Faults } from './faults.ts'
import type { Index } from './index-of.ts'

export const kinds = ['lost', 'early', 'late', 'duplicated', 'phantom', 'unexplained'] as const
export type Kind = (typeof kinds)[number]

export interface Judgement {
  figures: Figures
  /** What should not be, a sentence each; of a sound run every list is empty. */
  findings: Record<Kind, string[]>
}

export interface Figures {
  jobs: number
  changes: number
  /** Occurrences that must have been due. */
  due: number
  executions: number
  /** By state, and by reason where there is one: `cancelled deleted`. */
  ended: Record<string, number>
  requests: number
  /** Requests that came although an earlier one of the same execution had been answered with a success. */
  repeated: number
  /** Requests that a worker made which had stood still since it claimed, after another had made them again. */
  heldUp: number
  /** What was in flight at the faults that may repeat it; null where one of them was not counted. */
  inFlight: number | null
  /** Executions that were late because of a fault. */
  lateByFault: number
  /** Of those that no fault delayed, ms. */
  latenessMs: { p50: number; p99: number; most: number }
}

/** What the parts of the checker judge by, and where they write what they find. */
export interface Trial {
  index: Index
  faults: Faults
  quietSince: number
  lateMs: number
  promptMs: number
  findings: Judgement['findings']
}

export const noFindings = (): Judgement['findings'] => ({
  lost: [],
  early: [],
  late: [],
  duplicated: [],
  phantom: [],
  unexplained: [],
})
