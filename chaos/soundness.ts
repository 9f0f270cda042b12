// What `pnpm run doctor` asks, asked of a running scenario.
import { createPool } from '@scheduler/db/client'
import { type Checked, checkInvariants } from '@scheduler/db/queries/check-invariants'
import { invariants } from '@scheduler/db/queries/invariants/all'

/** Checks all invariants on the database at `url`, as the doctor does. */
export async function examineDatabase(url: string): Promise<Checked[]> {
  const pool = createPool(url, { max: 1, steadyPlans: true, queryMs: 60_000, name: 'chaos doctor' })
  try {
    return await checkInvariants(pool, invariants, { keys: null, deadLetterDays: 90 })
  } finally {
    await pool.end()
  }
}

/** Those that do not hold, or that nobody could check; what only wants somebody to look at it is none of them. */
export const brokenOf = (all: Checked[]): Checked[] =>
  all.filter(({ status }) => status === 'fail' || status === 'unknown')

/** One of them in a sentence. */
export const sayBroken = ({ invariant, findings, reason }: Checked): string =>
  `${invariant.name}: ${reason ?? findings.map(({ what }) => what).join('; ')}`
