import type { Rule } from './rule.ts'

/** A rule of the grid and how it is compared. */
export interface Case {
  /** What it is called on the command line; once in a grid. */
  name: string
  rule: Rule
  /** `all`: under each policy. `few`: no policy may touch it, so two tell. */
  policies: 'all' | 'few'
  /** Only the days around the zone's changes are compared. */
  aroundChanges?: boolean
}
