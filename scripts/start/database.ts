import { setTimeout as sleep } from 'node:timers/promises'
import { type Embedded, startEmbedded } from '../../db/src/embedded/start-embedded.ts'
import { applyMigrations } from '../../db/src/migrate.ts'
import { NoSession } from '../../db/src/session.ts'
import { Fault, type Settings } from './settings.ts'

export interface Database {
  readonly url: string
  /** The same database past a pooler: for migrations. */
  readonly directUrl: string
  readonly embedded: Embedded | null
  stop(): Promise<void>
}

/** The database that the settings name, or an embedded one. */
export async function openDatabase(settings: Settings, log: (line: string) => void): Promise<Database> {
  const { databaseUrl: url, directUrl } = settings
  if (url) return { url, directUrl: directUrl ?? url, embedded: null, stop: async () => {} }
  if (settings.production) {
    log('WARNING: no DATABASE_URL, so this production runs on the embedded database: one machine, no backups')
  }
  const embedded = await startEmbedded({ dataDir: settings.dataDir, log })
  return { url: embedded.url, directUrl: embedded.url, embedded, stop: embedded.stop }
}

/** As errors of a server that is not there yet, or not yet ready. */
const notYet = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', '57P03'])

/**
 * Brings the database to this version's schema, and makes partitions for a ledger that is kept so many days. Waits a while for a
 * database that is still starting.
 * @throws Fault when it cannot be reached or refuses us.
 */
export async function migrate(
  url: string,
  log: (line: string) => void,
  { ledgerDays, signal, waitMs = 30_000 }: { ledgerDays: number; signal?: AbortSignal; waitMs?: number },
): Promise<void> {
  const { host, pathname } = new URL(url)
  const deadline = Date.now() + waitMs
  for (let waiting = false; ; waiting = true) {
    try {
      return await applyMigrations(url, ledgerDays)
    } catch (error) {
      if (error instanceof NoSession) throw new Fault(`${host}${pathname}: ${error.message}`)
      const { code, message } = error as NodeJS.ErrnoException
      if (!code) throw error
      if (!notYet.has(code) || Date.now() > deadline) {
        throw new Fault(`The database ${host}${pathname} cannot be used: ${message || code} (${code}).`, {
          cause: error,
        })
      }
      if (!waiting) log(`waiting for the database ${host}${pathname} (${code})`)
      await sleep(500, undefined, signal && { signal })
    }
  }
}
