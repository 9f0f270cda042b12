import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig as loadApi } from '../../apps/api/src/config.ts'
import { loadConfig as loadWorker } from '../../apps/worker/src/config.ts'
import { databaseUrl, directDatabaseUrl, type TargetPolicy } from '../../packages/core/src/settings.ts'

/** Why it cannot go on, in one sentence that names what to change. */
export class Fault extends Error {
  override name = 'Fault'
}

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The start command's own variables; the others are those of the apps that it starts. */
export const startVariables = ['WORKERS', 'DATA_DIR'] as const

export interface Settings {
  readonly port: number
  /** Address that the API listens on; `undefined` for all of them. */
  readonly host: string | undefined
  readonly workers: number
  /** Absolute. */
  readonly dataDir: string
  /** `null` for an embedded server. */
  readonly databaseUrl: string | null
  /** Where migrations go: the same database, past a pooler. `null` for an embedded server. */
  readonly directUrl: string | null
  /** How long API and workers may take to finish what they hold, ms. */
  readonly drainMs: number
  /** How many days the ledger is kept. */
  readonly ledgerDays: number
  /** How many days dead letters are kept. */
  readonly deadLetterDays: number
  readonly production: boolean
  readonly keysNeeded: boolean
  readonly testEndpoint: boolean
  /** Which addresses callbacks may go to. */
  readonly callbacks: TargetPolicy
  /** Null where the address of the API is to do. */
  readonly publicUrl: string | null
  readonly watch: boolean
}

/**
 * Reads what the start command needs, and lets the apps check theirs: a bad value is found before anything is started.
 * @throws Fault naming the variable that is no good.
 */
export function readSettings(env: NodeJS.ProcessEnv, args: readonly string[] = []): Settings {
  const unknown = args.find((arg) => arg !== '--watch')
  if (unknown) throw new Fault(`There is no option ${unknown}; the only one is --watch.`)
  const url = readDatabaseUrl(env, databaseUrl)
  const directUrl = readDatabaseUrl(env, directDatabaseUrl)
  const full = { ...env, DATABASE_URL: url ?? 'postgres://embedded' }
  const api = blame(() => loadApi(full))
  const worker = blame(() => loadWorker(full))
  if (api.port === 0)
    throw new Fault('PORT is 0; the start command needs to know the port: choose one from 1 to 65535.')
  return {
    port: api.port,
    host: api.host,
    workers: workerCount(env.WORKERS),
    dataDir: resolve(root, env.DATA_DIR || '.data'),
    databaseUrl: url,
    directUrl,
    drainMs: worker.DRAIN_TIMEOUT_SECONDS * 1000,
    ledgerDays: worker.LEDGER_RETENTION_DAYS,
    deadLetterDays: Math.max(worker.LEDGER_RETENTION_DAYS, worker.DEAD_LETTER_RETENTION_DAYS),
    production: worker.NODE_ENV === 'production',
    keysNeeded: api.app.apiKeys.length > 0,
    testEndpoint: api.app.testEndpoints,
    callbacks: api.app.targetPolicy,
    publicUrl: api.app.publicUrl,
    watch: args.includes('--watch'),
  }
}

function readDatabaseUrl(env: NodeJS.ProcessEnv, read: typeof databaseUrl): string | null {
  const url = blame(() => read(env))
  try {
    if (url) decodeURIComponent(new URL(url).href)
    return url
  } catch {
    const name = read === databaseUrl ? 'DATABASE_URL' : 'DATABASE_DIRECT_URL'
    throw new Fault(`${name} is not a URL such as postgres://user:password@host:5432/name.`)
  }
}

function workerCount(value: string | undefined): number {
  if (!value?.trim()) return 2
  const count = /^\d{1,3}$/.test(value.trim()) ? Number(value) : Number.NaN
  if (count >= 0 && count <= 64) return count
  throw new Fault(`WORKERS is ${JSON.stringify(value)}; it has to be a whole number from 0 to 64.`)
}

/** What the apps say of their environment is as good as a sentence of ours. */
function blame<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw new Fault(error instanceof Error ? error.message : String(error), { cause: error })
  }
}
