import type { Keys } from '@scheduler/core/seal'
import type { PoolClient } from '../../client.ts'

/** What breaks an invariant: which row or thing, and what of it. No secret, no payload, no URL is in it. */
export interface Finding {
  /** Tells it from others of the same invariant: an id, a name. */
  of: string
  what: string
}

/** What an invariant is told that the database does not know. */
export interface Circumstances {
  /** The keys that secrets are sealed with; null where they are not known. */
  keys: Keys | null
  /** How long dead letters are kept, days. */
  deadLetterDays: number
}

/** Something that holds in a sound database at every moment, whatever is going on in it. */
export interface Invariant {
  name: string
  /** What must hold, in a sentence. */
  holds: string
  /** `fail`: something is not done that was promised, or may not be. `warn`: somebody should look at it. */
  level: 'fail' | 'warn'
  /** `little`: next to nothing, however much there is. `much`: it reads a good part of what is unfinished, or of the latest rows. */
  cost: 'little' | 'much'
  /** What to do about it. */
  next: string
  /** Finds what breaks it, `most` at the most, in a transaction that only reads. */
  find(client: PoolClient, most: number, given: Circumstances): Promise<Finding[]>
}

/** How an invariant looks for what breaks it: a statement that gives `of` and `what`, and takes `most` as `$1`. */
export const bySql =
  (text: string): Invariant['find'] =>
  async (client, most) =>
    (await client.query<Finding>(text, [most])).rows

/** SQL: an instant as it is written everywhere else. */
export const iso = (instant: string): string => `to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
