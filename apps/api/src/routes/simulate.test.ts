import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect } from 'vitest'
import { test } from '../../test/api.ts'
import { simulated, simulationBody } from '../simulation-example.ts'

const week = { from: '2026-11-23T00:00:00', to: '2026-11-30T00:00:00' }
const daily = { type: 'cron', cron: '0 9 * * *', timezone: 'Europe/Rome' }
const decade = { from: '2026-01-01T00:00:00', to: '2036-01-01T00:00:00' }

describe('200', () => {
  test('the example is what is answered', async ({ api }) => {
    const { status, body } = await api.call('POST', '/simulate', simulationBody)
    const iso = (text: string | null) => text && Date.parse(text)
    const comparable = ({ timeline, summary }: typeof simulated) => ({
      summary: { ...summary, reached: iso(summary.reached) },
      timeline: timeline.map((it) => ({ ...it, started_at: iso(it.started_at), finished_at: iso(it.finished_at) })),
    })
    expect(status).toBe(200)
    expect(comparable(body)).toEqual(comparable(simulated))
  })

  test('nothing is stored', async ({ api, pool }) => {
    await api.call('POST', '/simulate', { job: daily, ...week })
    for (const table of ['jobs', 'executions', 'pgboss.job']) {
      expect((await pool.query(`select 1 from ${table}`)).rowCount, table).toBe(0)
    }
  })

  test('times are wall times of the job’s zone, and are shown in it, or in convert_to', async ({ api }) => {
    const { body } = await api.call('POST', '/simulate', { job: daily, ...week })
    expect(body.timeline.map((it: { scheduled_for: string }) => it.scheduled_for)).toEqual(
      [23, 24, 25, 26, 27, 28, 29].map((day) => `2026-11-${day}T09:00:00+01:00`),
    )
    const converted = await api.call('POST', '/simulate', { job: daily, ...week, convert_to: 'Asia/Tokyo' })
    expect(converted.body.timeline[0]).toMatchObject({
      scheduled_for: '2026-11-23T17:00:00+09:00',
      finished_at: '2026-11-23T17:00:00.100+09:00',
    })
    expect(converted.body.summary.reached).toBe('2026-11-30T08:00:00+09:00')
  })

  test('outages, failures and policies are taken into account', async ({ api }) => {
    const failures = [{ from: '2026-11-25T00:00:00', to: '2026-11-26T00:00:00', status: 503 }]
    const { body } = await api.call('POST', '/simulate', {
      job: { ...daily, max_runs: 4, blackouts: [{ from: '2026-11-24T00:00:00', to: '2026-11-25T00:00:00' }] },
      ...week,
      outages: [{ from: '2026-11-26T08:00:00+01:00', to: '2026-11-26T09:10:00+01:00' }],
      receiver: { failures },
      workers: 1,
    })
    const rows = body.timeline.map((it: Record<string, unknown>) => [it.state, it.reason, it.attempts])
    expect(rows).toEqual([
      ['succeeded', null, 1],
      ['skipped', 'blackout', 0],
      ['failed', 'rejected', 4],
      ['succeeded', null, 1],
      ['succeeded', null, 1],
    ])
    expect(body.summary).toMatchObject({ latest_ms: 600_000, sent: 4, truncated: false })
  })

  test('what failed is attempted again as the job’s retry policy says', async ({ api }) => {
    const failures = [{ from: '2026-11-23T00:00:00', to: '2026-11-23T09:05:00', status: 404 }]
    const attempts = async (retry: object) => {
      const job = { ...daily, retry }
      const { body } = await api.call('POST', '/simulate', { job, ...week, receiver: { failures } })
      return [body.timeline[0].state, body.timeline[0].attempts]
    }
    expect(await attempts({ limit: 1 })).toEqual(['failed', 2])
    expect(await attempts({ min_backoff_seconds: 120 })).toEqual(['succeeded', 3])
    expect(await attempts({ min_backoff_seconds: 120, max_age_seconds: 60 })).toEqual(['failed', 1])
  })

  test('an interval without a start date begins at `from`, and the jitter is that of the job that is named', async ({
    api,
  }) => {
    const job = { type: 'interval', days: 1, jitter: 3_600 }
    const effective = async (extra: object) => {
      const { body } = await api.call('POST', '/simulate', { job, ...week, ...extra })
      expect(body.timeline[0].scheduled_for).toBe('2026-11-24T00:00:00+00:00')
      return body.timeline[0].effective_at
    }
    const named = await effective({ job_id: '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d' })
    expect(await effective({ job_id: '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d' })).toBe(named)
    expect(await effective({})).not.toBe(named)
  })

  test('a schedule that names nothing in the window has an empty timeline', async ({ api }) => {
    const job = { type: 'once', schedule_time: '2020-01-01T00:00:00' }
    const { body } = await api.call('POST', '/simulate', { job, ...week })
    expect(body).toMatchObject({ timeline: [], summary: { sent: 0, latest_ms: null } })
  })
})

describe('422 names the field', () => {
  test.for([
    [{ to: '2026-11-22T00:00:00' }, 'to'],
    [{ to: '2037-01-01T00:00:00' }, 'to'],
    [{ from: 'yesterday' }, 'from'],
    [{ job: { ...daily, cron: '0 25 * * *' } }, 'job.cron'],
    [{ job: { ...daily, callback_url: 'http://e.com' } }, 'job.callback_url'],
    [{ job: { ...daily, blackouts: [{ from: '2026-02-02', to: '2026-02-01' }] } }, 'job.blackouts.0.to'],
    [{ job: { type: 'interval', days: 1, hours: 1, dst: { gap: 'skip' } } }, 'job.dst.gap'],
    [{ job: { type: 'cron', cron: '* * * * *', timezone: 'Mars' } }, 'job.timezone'],
    [{ job: { ...daily, retry: { limit: 101 } } }, 'job.retry.limit'],
    [{ job: { ...daily, retry: { max_backoff_seconds: 9 } } }, 'job.retry.max_backoff_seconds'],
    [{ outages: [{ from: '2026-11-25', to: '2026-11-24' }] }, 'outages.0.to'],
    [{ receiver: { failures: [{ from: '2026-11-25', to: '2026-11-24', status: 500 }] } }, 'receiver.failures.0.to'],
    [{ receiver: { failures: [{ from: '2026-11-24', to: '2026-11-25', status: 200 }] } }, 'receiver.failures.0.status'],
    [{ receiver: { latency_ms: 900_001 } }, 'receiver.latency_ms'],
    [{ workers: 65 }, 'workers'],
    [{ job_id: 'x' }, 'job_id'],
  ] as const)('%j: %s', async ([change, path], { api }) => {
    const { status, body } = await api.call('POST', '/simulate', { job: daily, ...week, ...change })
    expect([status, body.errors[0].path]).toEqual([422, path])
  })
})

/** As many dates as a rule has room for: as slow as a plan gets. */
const dates = (hour: number) =>
  Array.from({ length: 250 }, (_, i) =>
    new Date(Date.UTC(2026, 0, 1 + i, hour)).toISOString().slice(0, 19).replaceAll(/[-:]/g, ''),
  ).join(',')
const slow = `RRULE:FREQ=MINUTELY;INTERVAL=20\nRDATE:${dates(3)}\nEXDATE:${dates(5)}`

describe('the work is bounded, and others are answered meanwhile', () => {
  test.for([
    ['a job of every second', { type: 'cron', cron: '* * * * * *' }, {}],
    ['a rule with five hundred dates', { type: 'rrule', rrule: slow, timezone: 'America/New_York' }, {}],
    [
      'ten years of a receiver that is down',
      { type: 'cron', cron: '* * * * *', overlap: 'allow' },
      { receiver: { latency_ms: 0, failures: [{ ...decade, status: 0 }] } },
    ],
  ] as const)('%s', async ([, job, extra], { api }) => {
    const text = JSON.stringify({ job, ...decade, ...extra })
    const loop = monitorEventLoopDelay({ resolution: 1 })
    const began = performance.now()
    loop.enable()
    // Not by `call`: what it does with the answer would be measured too.
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${api.url}/simulate`, { method: 'POST', headers, body: text })
    const bytes = await response.arrayBuffer()
    loop.disable()
    const took = performance.now() - began
    const longest = loop.max / 1e6
    const { timeline, summary } = JSON.parse(new TextDecoder().decode(bytes))
    console.log(
      `${timeline.length} entries in ${took.toFixed(0)} ms, the loop taken for ${longest.toFixed(0)} ms at a time`,
    )
    expect([response.status, summary.truncated]).toEqual([200, true])
    expect(timeline.length).toBeGreaterThan(100)
    expect(took).toBeLessThan(3_000)
    expect(longest).toBeLessThan(200)
  })
})
