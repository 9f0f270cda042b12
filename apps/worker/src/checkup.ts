import type { Pool } from '@scheduler/db/client'
import { type Checked, checkInvariants } from '@scheduler/db/queries/check-invariants'
import { cheapInvariants } from '@scheduler/db/queries/invariants/all'
import type { Circumstances } from '@scheduler/db/queries/invariants/invariant'
import type { Logger } from 'pino'

/** Findings that a line tells at the most. */
const TOLD = 5

export interface CheckupParts {
  pool: Pool
  log: Logger
  given: Circumstances
}

/** One pass; it ends between two invariants once `isOver`. */
export type Checkup = (isOver?: () => boolean) => Promise<void>

/**
 * Checks the invariants that cost little, and says what breaks one: each finding once, until it is gone and comes back. Returns
 * the pass, since a loop of its own has the time.
 */
export function createCheckup({ pool, log, given }: CheckupParts, invariants = cheapInvariants): Checkup {
  const known = new Map<string, Set<string>>()

  return async (isOver = () => false) => {
    for (const invariant of invariants) {
      if (isOver()) return
      const [checked] = await checkInvariants(pool, [invariant], given)
      if (!checked) continue
      const before = known.get(invariant.name) ?? new Set()
      tell(log, checked, before)
      // What nobody knows may be as it was: it is not told again when it is.
      known.set(invariant.name, new Set([...(checked.status === 'unknown' ? before : []), ...keysOf(checked)]))
    }
  }
}

const keyOf = ({ invariant }: Checked, of: string): string => `${invariant.name} ${of}`

const keysOf = (checked: Checked): string[] =>
  checked.status === 'unknown' ? [keyOf(checked, 'unknown')] : checked.findings.map(({ of }) => keyOf(checked, of))

function tell(log: Logger, checked: Checked, known: ReadonlySet<string>): void {
  const { invariant, status, reason, more } = checked
  if (status === 'unknown') {
    if (!known.has(keyOf(checked, 'unknown'))) log.warn({ invariant: invariant.name, reason }, 'invariant not checked')
    return
  }
  const fresh = checked.findings.filter(({ of }) => !known.has(keyOf(checked, of)))
  if (fresh.length === 0) return
  const findings = fresh.slice(0, TOLD).map(({ what }) => what)
  const fields = { invariant: invariant.name, findings, count: fresh.length, more, next: invariant.next }
  log[status === 'fail' ? 'error' : 'warn'](fields, 'invariant violated')
}
