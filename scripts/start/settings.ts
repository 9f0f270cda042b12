import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Why it cannot go on, in one sentence that names what to change. */
export class Fault extends Error {
  override name = 'Fault'
}

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Settings {
  readonly port: number
  /** Address that the API listens on; `undefined` for its default. */
  readonly host: string | undefined
  readonly workers: number
  /** Absolute. */
  readonly dataDir: string
  /** `null` for an embedded server. */
  readonly databaseUrl: string | null
  /** How long API and workers may take to finish what they hold, ms. */
  readonly drainMs: number
  readonly production: boolean
  readonly keysNeeded: boolean
  readonly watch: boolean
}

/** Variables that mean something to the start command; the others are the apps'. */
export const startVariables = [
  'PORT',
  'HOST',
  'DATA_DIR',
  'WORKERS',
  'DATABASE_URL',
  'DB_USER',
  'DB_PASSWORD',
  'DB_HOST',
  'DB_PORT',
  'DB_NAME',
  'DRAIN_TIMEOUT_SECONDS',
] as const

/** @throws Fault naming the first variable that is no good. */
export function readSettings(env: NodeJS.ProcessEnv, args: readonly string[]): Settings {
  const unknown = args.find((arg) => arg !== '--watch')
  if (unknown) throw new Fault(`There is no option ${unknown}; the only one is --watch.`)
  return {
    port: whole(env, 'PORT', 8008, 1, 65_535),
    host: env.HOST || undefined,
    workers: whole(env, 'WORKERS', 2, 0, 64),
    dataDir: resolve(root, env.DATA_DIR || '.data'),
    databaseUrl: databaseUrl(env),
    drainMs: whole(env, 'DRAIN_TIMEOUT_SECONDS', 30, 0, 3600) * 1000,
    production: env.NODE_ENV === 'production',
    keysNeeded: Boolean(env.API_KEYS),
    watch: args.includes('--watch'),
  }
}

/** The database to use: DATABASE_URL, else all of DB_USER, DB_PASSWORD, DB_HOST, DB_PORT and DB_NAME, else `null`. */
export function databaseUrl(env: NodeJS.ProcessEnv): string | null {
  if (env.DATABASE_URL) {
    const protocol = URL.parse(env.DATABASE_URL)?.protocol
    if (protocol === 'postgres:' || protocol === 'postgresql:') return env.DATABASE_URL
    throw new Fault('DATABASE_URL is not a URL like postgres://user:password@host:5432/name.')
  }
  const { DB_USER, DB_PASSWORD, DB_HOST, DB_PORT, DB_NAME } = env
  if (!DB_USER && !DB_PASSWORD && !DB_HOST && !DB_PORT && !DB_NAME) return null
  // A password may be empty, where the server trusts; but it has to be said.
  const missing = Object.entries({ DB_USER, DB_HOST, DB_PORT, DB_NAME }).filter(([, value]) => !value)
  if (DB_PASSWORD === undefined) missing.push(['DB_PASSWORD', undefined])
  if (missing.length) {
    const names = missing.map(([name]) => name).join(', ')
    throw new Fault(
      `The database is only half described: set ${names} too, or DATABASE_URL, or none of them for an embedded one.`,
    )
  }
  const port = whole(env, 'DB_PORT', 5432, 1, 65_535)
  const [user, password, name] = [DB_USER, DB_PASSWORD, DB_NAME].map((part) => encodeURIComponent(part ?? ''))
  const host = DB_HOST?.includes(':') ? `[${DB_HOST}]` : DB_HOST
  return `postgres://${user}:${password}@${host}:${port}/${name}`
}

function whole(env: NodeJS.ProcessEnv, name: string, fallback: number, least: number, most: number): number {
  const value = env[name]?.trim()
  if (!value) return fallback
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (number >= least && number <= most) return number
  throw new Fault(`${name} is ${JSON.stringify(value)}; it has to be a whole number from ${least} to ${most}.`)
}
