import type { Pool } from '../../db/src/client.ts'
import { resealJobs } from '../../db/src/queries/reseal-jobs.ts'
import { readKeys } from '../../packages/core/src/seal.ts'

const BATCH = 1_000
/** Jobs that are named whose secrets do not open. */
const NAMED = 20
const NIL = '00000000-0000-0000-0000-000000000000'

/**
 * Goes through all jobs and seals anew what an older key sealed.
 *
 * @param value of ENCRYPTION_KEYS
 * @returns whether every secret is under the newest key now
 */
export async function rotate(pool: Pool, value: string, log: (line: string) => void, batch = BATCH): Promise<boolean> {
  const keys = readKeys(value.split(',').map((it) => it.trim()))
  const lost: { jobId: string; kid: string }[] = []
  let [jobs, secrets] = [0, 0]
  for (let after: string | null = NIL; ; ) {
    const done = await resealJobs(pool, keys, after, batch)
    lost.push(...done.lost)
    jobs += done.jobs
    secrets += done.secrets
    after = done.last
    if (after === null) break
    log(`${jobs} jobs looked at, ${secrets} secrets sealed anew`)
  }
  log(`done: all ${jobs} jobs looked at, ${secrets} secrets sealed anew with the key ${keys.list[0]?.kid}`)
  if (lost.length === 0) return true
  log(`${lost.length} secrets do not open; add the key that they ask for to ENCRYPTION_KEYS, or write them anew:`)
  for (const { jobId, kid } of lost.slice(0, NAMED)) log(`  job ${jobId}, key ${kid}`)
  if (lost.length > NAMED) log(`  and ${lost.length - NAMED} more`)
  return false
}
