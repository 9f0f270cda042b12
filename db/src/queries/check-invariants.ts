import type { Pool } from '../client.ts'
import { isTimeout } from '../database-away.ts'
import { transaction } from '../transaction.ts'
import type { Circumstances, Finding, Invariant } from './invariants/invariant.ts'

/** Findings of one invariant that are told at the most; that there are more is said. */
const MOST = 20

/** How long one may take, ms: a database that needs more than that has other worries. */
const LIMIT_MS = { little: 2_000, much: 20_000 } as const satisfies Record<Invariant['cost'], number>

/** How an invariant stands: it holds, it does not, or nobody knows. */
export interface Checked {
  invariant: Invariant
  status: 'ok' | 'warn' | 'fail' | 'unknown'
  findings: Finding[]
  /** Whether there are more than these. */
  more: boolean
  /** Why nobody knows. */
  reason: string | null
  ms: number
}

/**
 * Checks invariants one after the other, each in a transaction that only reads and that has so long and no longer: nothing is
 * locked by it, and nothing kept from being vacuumed for long. `onChecked` is told of each at once.
 *
 * @throws when the database is away
 */
export async function checkInvariants(
  pool: Pool,
  invariants: readonly Invariant[],
  given: Circumstances,
  onChecked: (checked: Checked) => void = () => {},
): Promise<Checked[]> {
  const all: Checked[] = []
  for (const invariant of invariants) {
    const checked = await check(pool, invariant, given)
    onChecked(checked)
    all.push(checked)
  }
  return all
}

async function check(pool: Pool, invariant: Invariant, given: Circumstances): Promise<Checked> {
  const startedAt = performance.now()
  const begin = `begin read only; set local statement_timeout = ${LIMIT_MS[invariant.cost]}`
  const base = { invariant, more: false, reason: null }
  const ms = () => performance.now() - startedAt
  try {
    const found = await transaction(pool, (client) => invariant.find(client, MOST + 1, given), begin)
    const status = found.length === 0 ? 'ok' : invariant.level
    return { ...base, status, findings: found.slice(0, MOST), more: found.length > MOST, ms: ms() }
  } catch (error) {
    const reason = whyUnknown(error)
    if (!reason) throw error
    return { ...base, status: 'unknown', findings: [], reason, ms: ms() }
  }
}

/** What keeps one from being checked and the others not: it takes too long, it may not read a table, a table is not as expected. */
function whyUnknown(error: unknown): string | null {
  if (isTimeout(error)) return 'it took too long; try again when the database has less to do'
  const { code, message } = error as { code?: string; message: string }
  return code && /^(42|3F|55P03)/.test(code) ? message : null
}
