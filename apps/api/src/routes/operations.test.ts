import { pino } from 'pino'
import { describe, expect } from 'vitest'
import { startApi, test } from '../../test/api.ts'

const worker = (seconds: number) => `insert into workers (id, hostname, pid, started_at, heartbeat_at)
  values (gen_random_uuid(), 'h', 1, now(), now() - make_interval(secs => ${seconds})) returning id`

describe('GET /health', () => {
  test('503 without a worker that beats, 200 with one', async ({ api, pool }) => {
    await pool.query(worker(16))
    const without = await api.call('GET', '/health')
    expect([without.status, without.body]).toMatchObject([
      503,
      { status: 'unhealthy', components: { scheduler: 'stopped', database: 'connected' } },
    ])
    expect((await api.call('GET', '/health/ready')).body.status).toBe('ready')
    await pool.query(worker(14))
    const { status, body } = await api.call('GET', '/health?from=probe')
    expect([status, body]).toEqual([
      200,
      { status: 'healthy', timestamp: expect.any(String), components: { scheduler: 'running', database: 'connected' } },
    ])
  })

  test('not ready before the queue has started', async ({ pool }) => {
    const api = await startApi(pool)
    expect((await api.call('GET', '/health/ready')).status).toBe(503)
    await api.close()
  })
})

describe('POST /callback/test', () => {
  test.for([[{ a: 1 }], [[1, 2]], ['text'], [null], [7]] as const)('echoes %j', async ([payload], { api }) => {
    const { status, body } = await api.call('POST', '/callback/test', JSON.stringify(payload))
    expect([status, body]).toEqual([
      200,
      { status: 'success', message: 'Test callback received', timestamp: expect.any(String), payload },
    ])
  })

  test('rehearses a failure and a delay', async ({ api }) => {
    const begun = performance.now()
    const { status, body } = await api.call('POST', '/callback/test?status=500&delay_ms=50', {})
    expect([status, body.status]).toEqual([500, 'error'])
    expect(performance.now() - begun).toBeGreaterThanOrEqual(49)
  })

  test.for(['status=99', 'status=600', 'status=ok', 'delay_ms=60001', 'delay_ms=-1'])(
    '422: %s',
    async (query, { api }) => {
      const { status, body } = await api.call('POST', `/callback/test?${query}`, {})
      expect([status, body.errors[0].path]).toEqual([422, query.split('=')[0]])
    },
  )

  test('says in the log which execution has arrived, and not what', async ({ pool }) => {
    const lines: string[] = []
    const api = await startApi(pool, { log: pino({}, { write: (line: string) => void lines.push(line) }) })
    await api.call(
      'POST',
      '/callback/test',
      { secret: 'hunter2' },
      { 'webhook-id': 'e-1', 'x-scheduler-job-id': 'j-1' },
    )
    await api.close()
    expect(lines.join('')).toContain('"jobId":"j-1","webhookId":"e-1","msg":"test callback received"')
    expect(lines.join('')).not.toContain('hunter2')
  })

  test('404 where it is off', async ({ pool }) => {
    const api = await startApi(pool, { testEndpoints: false })
    const response = await fetch(`${api.url}/callback/test`, { method: 'POST' })
    expect(response.status).toBe(404)
    await api.close()
  })
})
