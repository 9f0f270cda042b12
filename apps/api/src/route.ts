import type { IncomingHttpHeaders } from 'node:http'
import type { ProblemCode } from '@scheduler/core/problem'
import type { Keys } from '@scheduler/core/seal'
import type { TargetPolicy } from '@scheduler/core/settings'
import type { Db, Pool } from '@scheduler/db/client'
import type { DbClock } from '@scheduler/db/db-clock'
import type { startQueue } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Idempotency } from './idempotency.ts'

/** pg-boss, started. */
export type Boss = Awaited<ReturnType<typeof startQueue>>

/** What the routes work with. */
export interface Deps {
  pool: Pool
  db: Db
  /** Null until the database has been reached. */
  boss: () => Boss | null
  clock: DbClock
  log: Logger
  settings: Settings
}

export interface Settings {
  /** Empty: nobody is asked for one. */
  apiKeys: string[]
  testEndpoints: boolean
  /** Without a final slash; null where links stay relative. */
  publicUrl: string | null
  /** What the URLs are signed with that receivers are handed. Empty: none is handed out. */
  receiverKeys: readonly Buffer[]
  /** Grace of jobs that name none, seconds. */
  graceSeconds: number
  /** Failures in a row that open a circuit. */
  circuitFailMax: number
  targetPolicy: TargetPolicy
  /** What secrets of jobs are sealed with. */
  keys: Keys
}

export interface Answer {
  body: unknown
  /** Where it differs from the route's. */
  status?: number
  headers?: Record<string, string>
  /** The body's JSON, where it is written out already. */
  text?: string
}

type Infer<S> = S extends z.ZodType ? z.infer<S> : undefined

export interface Input<Query = unknown, Body = unknown> {
  params: Record<string, string>
  query: Query
  body: Body
  headers: IncomingHttpHeaders
  /** Path and query as they came. */
  url: string
  /** For `idempotently`; null without the header. */
  idempotency: Idempotency | null
}

/** An answer that is no problem, as it is documented. */
export interface Success {
  status: number
  schema: z.ZodType
  description: string
  headers?: ('ETag' | 'Link' | 'Location')[]
}

/** One operation: a value that app.ts serves and openapi.ts documents. */
export interface Route<Q extends z.ZodType | undefined = undefined, B extends z.ZodType | undefined = undefined> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** `/jobs/{id}` */
  path: string
  tag: 'Jobs' | 'Executions' | 'Operations'
  summary: string
  description?: string
  params?: z.ZodObject
  query?: Q
  body?: B
  /** True where a request without a body is the same as one with `{}`. */
  bodyOptional?: boolean
  /** Largest body that is read, bytes; the default is in json-body.ts. */
  bodyLimit?: number
  /** What the body is documented as, where `body` leaves it to `handle` to check the parts one by one. */
  bodyShown?: z.ZodType
  /** Whether it knows the `Idempotency-Key` header; its `handle` then works through `idempotently`. */
  idempotent?: boolean
  /** Whether a signature in its URL stands for the API key. */
  signed?: boolean
  answer: Success
  /** Other answers than the usual one that are no problems. */
  others?: Success[]
  /** What it may refuse with, besides what every route with a body or a query may. */
  problems: ProblemCode[]
  /** An example of the body and of the answer. */
  examples: { body?: Record<string, unknown>; answer: Record<string, unknown> }
  /** How long the answer may take, ms; the default is in app.ts. */
  deadlineMs?: number
  /** Whether the route exists at all in this instance. */
  enabled?: (settings: Settings) => boolean
  handle(input: Input<Infer<Q>, Infer<B>>, deps: Deps): Promise<Answer>
  /** Answers `?dry_run=true`: what `handle` would come to, with nothing stored. Without it there is no such parameter. */
  dryRun?(input: Input<Infer<Q>, Infer<B>>, deps: Deps): Promise<Answer>
  /** What `dryRun` answers: one job with its diff, which is the default, the shape of the route itself, or another. */
  dryAnswer?: 'job' | 'same' | Success
}

/** Any route: what differs between them is known to their own `handle` only. */
export type AnyRoute = Omit<Route, 'query' | 'body' | 'handle' | 'dryRun'> & {
  query?: z.ZodType | undefined
  body?: z.ZodType | undefined
  handle(input: Input<never, never>, deps: Deps): Promise<Answer>
  dryRun?: unknown
}

const dryRunField = {
  dry_run: z.enum(['true', 'false']).optional().meta({
    description: 'With `true` nothing is stored: the answer is what the request would come to.',
  }),
}

/** Lets a route's `handle` know the types that its schemas give. */
export function route<Q extends z.ZodType | undefined = undefined, B extends z.ZodType | undefined = undefined>(
  it: Route<Q, B>,
): AnyRoute {
  const { dryRun } = it
  if (!dryRun) return it as unknown as AnyRoute
  const query = (it.query instanceof z.ZodObject ? it.query : z.strictObject({})).extend(dryRunField)
  const either = {
    ...it,
    query,
    async handle(input: Input<z.infer<typeof query> | undefined, never>, deps: Deps) {
      const isDry = input.query?.dry_run === 'true'
      return await (isDry ? dryRun : it.handle).call(it, input as never, deps)
    },
  }
  return either as unknown as AnyRoute
}

/** Routes of orchestrators and load balancers: no key, and no complaint about a parameter. */
export const isHealth = (path: string): boolean => path === '/health' || path.startsWith('/health/')
