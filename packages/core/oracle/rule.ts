import type { CronRule } from './cron-rule.ts'
import type { IntervalRule } from './interval-rule.ts'
import type { RruleRule } from './rrule-rule.ts'

/** A rule in numbers, from which the oracle computes and of which the text for the code under test is made. */
export type Rule = IntervalRule | CronRule | RruleRule

/** Where the wall times of a change of clock go; the same words as `dst` of a job. */
export interface Placing {
  gap: 'shift' | 'next_valid' | 'skip'
  fold: 'first' | 'second' | 'both'
}

/** What a rule names in one zone, before its wall times are placed. Wall times and instants in ms. */
export interface Named {
  /** Ascending. */
  walls: readonly number[]
  /** Wall times happen as the clocks show them, whatever the policy: none in a gap, twice in a fold. */
  asShown?: boolean
  /** Instants that no policy moves; they have no mark. */
  instants?: readonly number[]
  /** Instants that depend on the policy, and have no mark. */
  placed?: (placing: Placing) => number[]
  /** The instant of `walls[0]` that the client gave, which lies in a fold. */
  pinned?: number
  /** The first and the last instant that the rule may have, inclusive. */
  since?: number
  until?: number
  /** Further wall times and instants, which `until` does not end. */
  added?: readonly number[]
  addedInstants?: readonly number[]
  /** Instants that are left out. */
  except?: readonly number[]
}

/** The wall time and the instant that an ISO 8601 text spells out; without an offset the instant is null. */
export function readTime(text: string): { wall: number; instant: number | null } {
  const wall = Date.parse(`${text.slice(0, 19)}Z`)
  return { wall, instant: text.length > 19 ? Date.parse(text) : null }
}

/** A wall time as ISO 8601, without offset. */
export const wallText = (wall: number): string => new Date(wall).toISOString().slice(0, 19)

/** A wall time as RFC 5545 writes it. */
export const compact = (wall: number): string => wallText(wall).replaceAll(/[-:]/g, '')
