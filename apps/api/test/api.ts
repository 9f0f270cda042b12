import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDb, type Pool } from '@scheduler/db/client'
import { createDbClock } from '@scheduler/db/db-clock'
import { startQueue } from '@scheduler/db/queue'
import { test as base } from '@scheduler/db/test/database'
import { pino } from 'pino'
import { expect } from 'vitest'
import { createApp } from '../src/app.ts'
import { successesOf } from '../src/dry-run-answer.ts'
import { problemsOf } from '../src/openapi.ts'
import type { AnyRoute, Deps, Settings } from '../src/route.ts'
import { routes } from '../src/routes/index.ts'

export interface Answered {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  body: any
}

export interface Api {
  url: string
  deps: Deps
  /** Sends JSON, or a string as it is, and holds the answer against the route's schema and declared problems. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>
  close(): Promise<void>
}

export const settings: Settings = {
  apiKeys: [],
  testEndpoints: true,
  publicUrl: null,
  receiverKeys: [],
  graceSeconds: 900,
  circuitFailMax: 5,
  targetPolicy: { allowPrivate: true, allowCidrs: [], allowHosts: [] },
  keys: { list: [] },
}

/** The real application on a free port of the loopback. */
export async function startApi(
  pool: Pool,
  changes: Partial<Settings> & Partial<Pick<Deps, 'boss' | 'log'>> = {},
): Promise<Api> {
  const { boss = () => null, log = pino({ level: 'silent' }), ...rest } = changes
  const deps: Deps = { pool, db: createDb(pool), boss, clock: createDbClock(), log, settings: { ...settings, ...rest } }
  const server = createServer(createApp(deps)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    deps,
    async call(method, path, body, headers = {}) {
      const text =
        body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(text !== undefined && { body: text as RequestInit['body'] & string }),
      })
      const answered = await read(response)
      hold(method, path, answered)
      return answered
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function read(response: Response): Promise<Answered> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  return { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : text }
}

/** What a route answers must be what it documents. */
function hold(method: string, path: string, { status, headers, body }: Answered): void {
  const route = routeOf(method, path)
  // A path that has other methods may look like another route's, with a parameter.
  if (!route || status === 405) return
  const type = headers.get('content-type') ?? ''
  if (type.startsWith('application/problem+json')) {
    const code = String(body.type).split('/').at(-1)
    expect(problemsOf(route), `${method} ${path} does not declare it`).toContain(code)
    expect(body).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) })
  } else {
    const [first, ...more] = successesOf(route).filter((it) => it.status === status)
    if (first && !more.some(({ schema }) => schema.safeParse(body).success)) {
      expect(first.schema.safeParse(body).error, JSON.stringify(body)).toBeUndefined()
    }
  }
}

function routeOf(method: string, path: string): AnyRoute | undefined {
  const matches = routes.filter((it) => {
    const form = new RegExp(`^${it.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
    return it.method === method.toLowerCase() && form.test(path.split('?')[0] ?? '')
  })
  return matches.sort((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')))[0]
}

/** Vitest's `test` with a database, as in db/test, pg-boss, and the API over it. */
export const test = base
  .extend('boss', { scope: 'file' }, async ({ clone }, { onCleanup }) => {
    const boss = await startQueue(clone.pool)
    onCleanup(() => boss.stop({ graceful: false }))
    return boss
  })
  .extend('api', async ({ pool, boss }, { onCleanup }) => {
    const api = await startApi(pool, { boss: () => boss })
    onCleanup(() => api.close())
    return api
  })

/** A body that every field of is good, for the tests to change. */
export const daily = {
  days: 1,
  start_date: '2024-01-20T08:00:00',
  callback_url: 'http://example.com/daily',
  timezone: 'GMT+7',
}
export const once = { schedule_time: '2099-01-20T08:00:00', callback_url: 'http://example.com/once', timezone: 'GMT+7' }
