import { createConnection, createServer, type Socket } from 'node:net'
import { createPool } from '@scheduler/db/client'
import { pino } from 'pino'
import { describe, expect } from 'vitest'
import { daily, once, startApi, test } from '../test/api.ts'

describe('503 database-unavailable', () => {
  const requests = [
    ['GET', '/jobs'],
    ['GET', '/jobs/0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d'],
    ['POST', '/jobs', once],
    ['POST', '/jobs/interval', daily],
    ['PATCH', '/jobs/0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d', { name: 'n' }],
    ['DELETE', '/jobs/0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d'],
    ['POST', '/jobs/0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d/pause'],
    ['GET', '/executions'],
    ['GET', '/circuits'],
  ] as const

  /** Every request at once: each is answered 503 within two seconds, and what is wrong with a body still comes first. */
  async function refused(connectionString: string): Promise<void> {
    const pool = createPool(connectionString, { max: 10, connectMs: 1_500, queryMs: 1_800 })
    const api = await startApi(pool)
    const answers = requests.map(async ([method, path, body]) => {
      const begun = performance.now()
      const answer = await api.call(method, path, body)
      expect([path, answer.status, answer.body.type]).toEqual([path, 503, '/problems/database-unavailable'])
      expect(answer.headers.get('retry-after')).toBe('2')
      expect(performance.now() - begun).toBeLessThan(2_100)
    })
    await Promise.all(answers)
    const health = await api.call('GET', '/health')
    expect([health.status, health.body]).toMatchObject([
      503,
      { status: 'unhealthy', components: { scheduler: 'stopped', database: 'disconnected' } },
    ])
    expect((await api.call('GET', '/health/ready')).status).toBe(503)
    expect((await api.call('GET', '/health/live')).status).toBe(200)
    expect((await api.call('POST', '/jobs', { ...once, schedule_time: 1 })).status).toBe(422)
    await api.close()
    await pool.end()
  }

  test('nothing listens at the database’s port', async () => {
    await refused('postgres://me@127.0.0.1:1/jobs')
  })

  test('something listens and never says a word', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const { port } = silent.address() as { port: number }
    await refused(`postgres://me@127.0.0.1:${port}/jobs`)
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  test('it falls silent between two requests: no statement of a transaction is waited for beyond two seconds', async ({
    databaseUrl,
  }) => {
    const sockets: Socket[] = []
    const proxy = createServer((socket) => {
      const target = createConnection(Number(new URL(databaseUrl).port), new URL(databaseUrl).hostname)
      socket.pipe(target).pipe(socket)
      sockets.push(socket, target)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => proxy.once('listening', resolve))
    const through = new URL(databaseUrl)
    through.port = String((proxy.address() as { port: number }).port)
    const own = createPool(through.href, { max: 1, connectMs: 1_500, queryMs: 1_800 })
    const api = await startApi(own)
    const { body } = await api.call('POST', '/jobs/interval', daily)
    for (const socket of sockets) socket.unpipe()
    const begun = performance.now()
    expect((await api.call('DELETE', `/jobs/${body.job_id}`)).status).toBe(503)
    expect(performance.now() - begun).toBeLessThan(2_100)
    for (const socket of sockets) socket.destroy()
    proxy.close()
    await api.close()
    await own.end()
  })

  test('it recovers by itself when the database is back', async ({ databaseUrl, pool, boss }) => {
    const own = createPool(databaseUrl, { max: 2, name: 'to be cut off' })
    const api = await startApi(own, { boss: () => boss })
    expect((await api.call('POST', '/jobs/interval', daily)).status).toBe(201)
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be cut off'`)
    await expect.poll(async () => (await api.call('POST', '/jobs/interval', daily)).status).toBe(201)
    await api.close()
    await own.end()
  })
})

describe('500 internal-error', () => {
  test('says nothing about the inside, and logs the cause without the payload', async ({ pool }) => {
    const lines: string[] = []
    const api = await startApi(pool, { log: pino({}, { write: (line: string) => void lines.push(line) }) })
    const { body } = await api.call('POST', '/jobs', once)
    // Postgres tells the whole row that a constraint refuses, drizzle the parameters of the query.
    await pool.query(`alter table jobs add constraint no_secrets check (payload not like '%hunter2%')`)
    const secret = { payload: { secret: 'hunter2' } }
    for (const [method, path, sent] of [
      ['POST', '/jobs', { ...once, ...secret }],
      ['PATCH', `/jobs/${body.job_id}`, secret],
    ] as const) {
      const response = await fetch(`${api.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(sent),
      })
      expect(response.status).toBe(500)
      expect(await response.text()).toMatch(/^(?!.*(no_secrets|hunter2|constraint)).*problems\/internal-error/)
    }
    await pool.query('alter table jobs drop constraint no_secrets')
    await api.close()
    expect(lines.filter((line) => line.includes('"constraint":"no_secrets"'))).toHaveLength(2)
    expect(lines.join('')).not.toMatch(/hunter2|example\.com\/once/)
  })
})

describe('the log and the headers', () => {
  test('one line a request: no query, no header, no body; the id is the client’s when it is plain', async ({
    pool,
  }) => {
    const lines: string[] = []
    const api = await startApi(pool, { log: pino({}, { write: (line: string) => void lines.push(line) }) })
    const secret = { authorization: 'Bearer hunter2', 'x-request-id': 'abc-1.2:3' }
    const answer = await api.call('POST', '/jobs?token=hunter2', { ...once, payload: { a: 'hunter2' } }, secret)
    expect(answer.headers.get('x-request-id')).toBe('abc-1.2:3')
    const made = await api.call('GET', '/jobs', undefined, { 'x-request-id': 'a b'.repeat(50) })
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    await api.close()
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        requestId: 'abc-1.2:3',
        method: 'POST',
        path: '/jobs',
        status: 422,
        ms: expect.any(Number),
        msg: 'request answered',
      },
      { method: 'GET', path: '/jobs', status: 200 },
    ])
    expect(lines.join('')).not.toContain('hunter2')
  })

  test('says nothing of express, and tags no more than jobs', async ({ api }) => {
    const { headers } = await api.call('GET', '/jobs')
    expect([headers.get('x-powered-by'), headers.get('etag')]).toEqual([null, null])
  })
})

describe('absolute links', () => {
  test('with PUBLIC_URL: Location, Link and problem types', async ({ pool, boss }) => {
    const api = await startApi(pool, { boss: () => boss, publicUrl: 'https://x.example' })
    const { headers, body } = await api.call('POST', '/jobs', once)
    expect(headers.get('location')).toBe(`https://x.example/jobs/${body.job_id}`)
    await api.call('POST', '/jobs', once)
    expect((await api.call('GET', '/jobs?limit=1')).headers.get('link')).toMatch(
      /^<https:\/\/x\.example\/jobs\?limit=1&cursor=/,
    )
    expect((await api.call('GET', '/nope')).body.type).toBe('https://x.example/problems/not-found')
    await api.close()
  })
})

describe('docs', () => {
  test('Swagger UI is served from here, and points to /openapi.json', async ({ api }) => {
    const page = await api.call('GET', '/docs')
    expect([page.status, page.body]).toEqual([200, expect.stringContaining('swagger-ui-bundle.js')])
    expect(page.body).not.toMatch(/https?:\/\/(?!www\.w3\.org)/)
    expect((await api.call('GET', '/docs/swagger-ui-init.js')).body).toContain('/openapi.json')
    expect((await api.call('GET', '/docs/swagger-ui-bundle.js')).status).toBe(200)
    expect((await api.call('GET', '/openapi.json')).body.openapi).toBe('3.1.0')
  })
})
