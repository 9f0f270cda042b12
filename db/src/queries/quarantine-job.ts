import type { Pool, PoolClient } from '../client.ts'
import { VERSION_COLUMNS, VERSION_VALUES } from './job-versions.ts'
import { KEPT_FREE } from './keep-free.ts'

/** Sets a job aside: it makes no occurrences until it is edited, and says why. */
export async function quarantine(client: Pool | PoolClient, jobId: string, reason: string): Promise<void> {
  await client.query(
    `with before as (
       insert into job_versions (${VERSION_COLUMNS})
       select ${VERSION_VALUES} from jobs where id = $1 and deleted_at is null and (status = 'active' or paused_until <= now())
       on conflict do nothing)
     update jobs set status = 'quarantined', status_reason = $2, next_run_at = null, next_scheduled_for = null,
       paused_until = null,
       version = version + 1, updated_at = now()
     where id = $1 and deleted_at is null and (status = 'active' or paused_until <= now())`,
    [jobId, reason.slice(0, 500)],
  )
}

/**
 * Whether Postgres refused the data itself (SQLSTATE classes 22 and 23), as opposed to being away or busy. A row that is refused
 * by the bounds of a partition came while one was made: the next try finds it.
 */
export function isDataError(error: unknown): boolean {
  // The query builder wraps what the driver throws.
  for (let it = error; it instanceof Error; it = it.cause) {
    const { code, constraint } = it as { code?: unknown; constraint?: string }
    if (code === CHECK_VIOLATION && (!constraint || constraint.startsWith(KEPT_FREE))) return false
    if (typeof code === 'string' && /^2[23]/.test(code)) return true
  }
  return false
}

/** That of a partition's bounds has no name of a constraint with it. */
const CHECK_VIOLATION = '23514'
