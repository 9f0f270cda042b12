import { z } from 'zod'
import { readKeys } from './seal.ts'
import { signingFault } from './sign.ts'

/** Environment variables that more than one process reads. Each app adds its own and parses once, in its main. */

/** A number that is refused by what it may be. */
const number = (least: number, most: number, isOne: (value: number) => boolean, what: string) => {
  const wanted = `must be ${what} from ${least} to ${most}`
  return z.coerce.number(wanted).refine((value) => isOne(value) && value >= least && value <= most, wanted)
}
export const whole = (least: number, most: number) => number(least, most, Number.isInteger, 'a whole number')
export const decimal = (least: number, most: number) => number(least, most, Number.isFinite, 'a number')

/** A list in one variable: comma-separated, spaces ignored, empty for none. */
export const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )

/** The driver takes one host: several it would look up as one name, again and again. */
const oneHost = 'must name one host: one that leads to the primary'

const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
  .refine((text) => !hostsOf(text).includes(','), oneHost)

/** An empty variable is the same as none: `NAME=` in a file or in compose says nothing. */
export function withoutEmpty(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => !!entry[1]?.trim()))
}

export const commonSettings = {
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development').describe('production is strict'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('How much is logged.'),
  DATABASE_URL: postgresUrl.optional().describe('The database, as one URL; wins over DB_*.'),
  DATABASE_DIRECT_URL: postgresUrl
    .optional()
    .describe('The same database past a pooler in transaction mode: for what needs a session. Not set: as the others.'),
  DB_USER: z.string().optional().describe('The database, in parts.'),
  DB_PASSWORD: z.string().optional().describe('Its password.'),
  DB_HOST: z
    .string()
    .refine((text) => !text.includes(','), oneHost)
    .optional()
    .describe('Its host.'),
  DB_PORT: whole(1, 65_535).default(5432).describe('Its port.'),
  DB_NAME: z.string().optional().describe('Its name.'),
  MISFIRE_GRACE_TIME: whole(1, 31_536_000)
    .default(900)
    .describe('Seconds an occurrence may be late and still be sent, where the job does not say.'),
  CIRCUIT_FAIL_MAX: whole(1, 1_000).default(5).describe('Failures in a row that open the circuit of a destination.'),
  ENCRYPTION_KEYS: list
    .refine((entries) => keysFault(entries) === null, { error: (issue) => keysFault(issue.input as string[]) ?? '' })
    .describe('Keys that secrets of jobs are sealed with, `id:base64,…`: the first seals, each opens.'),
  SIGNING_SECRET: list
    .refine((secrets) => secrets.length <= 2, 'must be one secret, or two while one replaces the other')
    .refine((secrets) => secrets.every((it) => signingFault(it) === null), signingFault('') ?? '')
    .describe(
      'Signs the callbacks of jobs without a secret of their own; two, comma-separated, while one replaces the other.',
    ),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL such as https://scheduler.example.com' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .describe('Where clients and receivers reach the API; makes the links in answers and callbacks absolute.'),
  CALLBACK_ALLOW_PRIVATE: z
    .stringbool('must be true or false')
    .optional()
    .describe('Whether callbacks may go to private addresses: true in development, false in production.'),
  CALLBACK_ALLOW_CIDRS: list.describe('Private address ranges that callbacks may go to all the same.'),
  CALLBACK_ALLOW_HOSTS: list.describe('Host names that callbacks may go to whatever they resolve to.'),
}

/** What a URL of the database says of its host: before the path, or as a parameter. */
function hostsOf(url: string): string {
  const [, host = '', query = ''] = /^\w+:\/\/(?:[^/?#]*@)?([^/?#]*)[^?#]*(?:\?([^#]*))?/.exec(url) ?? []
  return host + (new URLSearchParams(query).get('host') ?? '')
}

function keysFault(entries: readonly string[]): string | null {
  try {
    readKeys(entries)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/**
 * Parses the environment by `shape`. @throws Error with one sentence for each variable at fault, each named; values are
 * not repeated, since some are secret.
 */
export function parseSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: Record<string, string | undefined>,
): Readonly<z.infer<z.ZodObject<Shape>>> {
  const parsed = z.object(shape).safeParse(withoutEmpty(env))
  if (parsed.success) return Object.freeze(parsed.data)
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`Bad environment. ${faults.join('; ')}.`)
}

/** The variables that name the database in parts; all of them are needed, but for the port. */
const parts = ['DB_USER', 'DB_PASSWORD', 'DB_HOST', 'DB_NAME'] as const

/**
 * The database's URL from `DATABASE_URL` or `DB_*`; null when none of them is set. @throws when some of `DB_*` are set
 * and others are missing, naming those.
 */
export function databaseUrl(env: Record<string, string | undefined>): string | null {
  const set = withoutEmpty(env)
  if (set.DATABASE_URL) return set.DATABASE_URL
  const missing = parts.filter((name) => !set[name])
  if (missing.length === parts.length && !set.DB_PORT) return null
  if (missing.length > 0) {
    throw new Error(`The database is named in part only. Set ${missing.join(', ')} too, or DATABASE_URL alone.`)
  }
  const { DB_USER = '', DB_PASSWORD = '', DB_HOST = '', DB_PORT = '5432', DB_NAME = '' } = set
  const host = DB_HOST.includes(':') ? `[${DB_HOST}]` : DB_HOST
  const [user, password, name] = [DB_USER, DB_PASSWORD, DB_NAME].map(encodeURIComponent)
  return `postgres://${user}:${password}@${host}:${DB_PORT}/${name}`
}

/**
 * The database's URL for what needs a session of its own (listening, leading, migrating): `DATABASE_DIRECT_URL`, else that
 * of all others. @throws when it alone is set: the others would use another database.
 */
export function directDatabaseUrl(env: Record<string, string | undefined>): string | null {
  const direct = withoutEmpty(env).DATABASE_DIRECT_URL
  const url = databaseUrl(env)
  if (direct && !url) {
    throw new Error('DATABASE_DIRECT_URL is set and no database is. Set DATABASE_URL too, or only DATABASE_URL.')
  }
  return direct ?? url
}

/** Which callback addresses are allowed. Metadata addresses never are. */
export interface TargetPolicy {
  allowPrivate: boolean
  allowCidrs: string[]
  allowHosts: string[]
}

export function targetPolicy(settings: {
  NODE_ENV: string
  CALLBACK_ALLOW_PRIVATE?: boolean | undefined
  CALLBACK_ALLOW_CIDRS: string[]
  CALLBACK_ALLOW_HOSTS: string[]
}): TargetPolicy {
  return {
    allowPrivate: settings.CALLBACK_ALLOW_PRIVATE ?? settings.NODE_ENV !== 'production',
    allowCidrs: settings.CALLBACK_ALLOW_CIDRS,
    allowHosts: settings.CALLBACK_ALLOW_HOSTS.map((host) => host.toLowerCase()),
  }
}
