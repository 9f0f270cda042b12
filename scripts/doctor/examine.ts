import type { Pool } from '../../db/src/client.ts'
import { checkInvariants } from '../../db/src/queries/check-invariants.ts'
import { invariants } from '../../db/src/queries/invariants/all.ts'
import { promote } from '../../db/src/queries/promote.ts'
import { type Reconciled, reconcile } from '../../db/src/queries/reconcile.ts'
import { startQueue } from '../../db/src/queue.ts'
import { readKeys } from '../../packages/core/src/seal.ts'
import { openKeys } from '../start/keys.ts'
import { Fault, type Settings } from '../start/settings.ts'
import type { DoctorOptions } from './options.ts'
import { linesOf, sumUp, toJson } from './report.ts'

export interface Examination extends DoctorOptions {
  settings: Settings
  env: Readonly<Record<string, string | undefined>>
  print: (line: string) => void
}

export interface Repaired extends Omit<Reconciled, 'overdue'> {
  promoted: number
}

/** Checks invariants and prints how they stand; returns whether none is broken, and none could not be checked. */
export async function examine(pool: Pool, options: Examination, asked = invariants): Promise<boolean> {
  const { json, settings, env, print } = options
  await needSchema(pool)
  const repaired = options.repair ? await repair(pool) : null
  if (repaired && !json) {
    const { requeued, crashed, promoted } = repaired
    print(`repaired: ${requeued} executions queued again, ${crashed} given up, ${promoted} let go whose turn it was`)
  }
  const given = { keys: keysOf(env, settings.dataDir), deadLetterDays: settings.deadLetterDays }
  const all = await checkInvariants(pool, asked, given, (it) => {
    if (!json) for (const line of linesOf(it)) print(line)
  })
  print(json ? toJson(all, repaired) : sumUp(all))
  return all.every(({ status }) => status === 'ok' || status === 'warn')
}

async function needSchema(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ there: boolean }>(
    `select to_regclass('public.jobs') is not null and to_regclass('pgboss.job') is not null as there`,
  )
  if (rows[0]?.there) return
  throw new Fault('This database has no schema of the scheduler: run pnpm db:migrate, or set DATABASE_URL to another.')
}

/** What the leader does every 30 seconds, now. It may do the same at this moment: neither waits for the other. */
async function repair(pool: Pool): Promise<Repaired> {
  const boss = await startQueue(pool).catch((error: Error) => {
    throw new Fault(`Nothing can be repaired: ${error.message}. Run pnpm db:migrate with this version first.`)
  })
  try {
    const { requeued, crashed } = await reconcile(pool, boss)
    return { requeued, crashed, promoted: await promote(pool, null) }
  } finally {
    await boss.stop({ graceful: false, close: false })
  }
}

/** Where no key is, there may be no secret: what says so is the check of the secrets. */
function keysOf(env: Examination['env'], dataDir: string) {
  try {
    const { value } = openKeys(env, dataDir, { makes: false })
    return readKeys(value.split(',').map((it) => it.trim()))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return readKeys([])
  }
}
