import { createDb, type Pool } from '@scheduler/db/client'
import { dispatchDue } from '@scheduler/db/queries/dispatch-due'
import { executions } from '@scheduler/db/schema/executions'
import { jobs } from '@scheduler/db/schema/jobs'
import { ago, execution, job as jobRow, repeating } from '@scheduler/db/test/factories'
import { describe, expect } from 'vitest'
import { type Api, daily, test } from '../../test/api.ts'

type JobFields = Parameters<typeof jobRow>[0]

async function insert(pool: Pool, fields: JobFields): Promise<string> {
  const row = jobRow(fields)
  await createDb(pool).insert(jobs).values(row)
  return row.id as string
}
const insertExecution = async (pool: Pool, fields: Parameters<typeof execution>[0]) => {
  const row = execution(fields)
  await createDb(pool).insert(executions).values(row)
  return row.id as string
}
const explain = async (api: Api, id: string, at: Date | string) =>
  (
    await api.call(
      'GET',
      `/jobs/${id}/explain?at=${encodeURIComponent(typeof at === 'string' ? at : at.toISOString())}`,
    )
  ).body

/** Instants a minute apart, the latest half a minute ago, so that none comes while a test runs. */
function minutes(): (offset: number) => Date {
  const latest = Math.floor(Date.now() / 1_000) * 1_000 - 30_000
  return (offset) => new Date(latest + offset * 60_000)
}
/** A job of every minute since an hour; a dispatcher has come as far as `cursor`. */
const minutely = (minute: (offset: number) => Date, cursor: number, fields: JobFields = {}): JobFields => ({
  schedule: repeating({ minutes: 1 }, minute(-60)),
  nextRunAt: minute(cursor + 1),
  cursorAt: minute(cursor),
  ...fields,
})

describe('what was sent', () => {
  test('how late, and what the receiver answered, with the rule, the worker and the neighbours', async ({
    api,
    pool,
  }) => {
    const minute = minutes()
    const id = await insert(pool, minutely(minute, -1))
    const at = minute(-2)
    const worker = '0199b1f3-2b00-7c11-8d22-6a7b8c9d0e1f'
    const execution = await insertExecution(pool, {
      jobId: id,
      state: 'succeeded',
      scheduledFor: at,
      claimedBy: worker,
    })
    await pool.query(
      `insert into attempts (execution_id, scheduled_for, attempt, outcome, status, started_at, finished_at, job_version, worker_id)
       values ($1, $2, 1, 'succeeded', 200, $3, $3, 1, $4)`,
      [execution, at, new Date(at.getTime() + 34), worker],
    )
    const body = await explain(api, id, at)
    expect(body).toMatchObject({
      sentence: 'It ran 34 ms late and the receiver answered 200 on attempt 1.',
      outcome: 'succeeded',
      reason: null,
      facts: { rule: 'Every minute', job_version: 1, matched: 'exact', worker, attempts: 1, dst: null },
    })
    expect([body.facts.previous, body.facts.nominal, body.facts.next].map(Date.parse)).toEqual(
      [-3, -2, -1].map((it) => minute(it).getTime()),
    )
    expect(body.facts.execution.execution_id).toBe(execution)
    expect((await api.call('GET', `/executions/${execution}/explain`)).body).toEqual(body)
  })
})

describe('what was not sent', () => {
  test('a run of late ones: each of them, and no instant between', async ({ api, pool, boss }) => {
    const minute = minutes()
    const policies = { misfire: { graceSeconds: 900 } }
    const id = await insert(pool, minutely(minute, -31, { policies }))
    await dispatchDue(pool, boss, { limit: 1, graceSeconds: 900 })
    const late = await explain(api, id, minute(-20))
    expect(late).toMatchObject({ outcome: 'skipped', reason: 'missed_grace' })
    expect(late.sentence).toMatch(
      /^It was not sent: it was 20 minutes.* late .* past the grace of 15 minutes; the same /,
    )
    const coalesced = await explain(api, id, minute(-5))
    expect(coalesced).toMatchObject({ outcome: 'skipped', reason: 'coalesced' })
    expect(coalesced.sentence).toMatch(/was sent in its place \(misfire: last\)/)
    const between = await explain(api, id, new Date(minute(-20).getTime() + 1_500))
    expect(between).toMatchObject({ outcome: 'not_an_occurrence', facts: { execution: null, matched: null } })
  })

  test('overlap: it names the run that was still running', async ({ api, pool, boss }) => {
    const minute = minutes()
    const id = await insert(pool, minutely(minute, -1))
    const running = {
      jobId: id,
      state: 'running',
      scheduledFor: minute(-1),
      claimedAt: minute(-1),
      createdAt: minute(-1),
    }
    await insertExecution(pool, running as Parameters<typeof execution>[0])
    await dispatchDue(pool, boss, { limit: 1, graceSeconds: 900 })
    const { sentence, reason } = await explain(api, id, minute(0))
    expect(reason).toBe('overlap_skipped')
    const time = minute(-1).toISOString().slice(11, 19).replace(/:00$/, '')
    expect(sentence).toContain(`because the run of ${time} on `)
    expect(sentence).toMatch(/ was still running \(overlap: skip\)\.$/)
  })

  test('a blackout, its own and one of a tag, with its bounds', async ({ api, pool, boss }) => {
    const minute = minutes()
    const blackouts = [{ from: minute(-12).toISOString(), to: minute(-9).toISOString() }]
    const id = await insert(pool, minutely(minute, -31, { policies: { blackouts }, tags: ['reports'] }))
    await pool.query(
      `insert into blackouts (id, tag, from_at, to_at, reason, created_at) values (gen_random_uuid(), 'reports', $1, $2, 'holidays', now())`,
      [minute(-7), minute(-4)],
    )
    await dispatchDue(pool, boss, { limit: 1, graceSeconds: 900 })
    // Runs of two reasons overlap in the ledger: each instant has its own.
    expect((await explain(api, id, minute(-13))).reason).toBe('coalesced')
    expect((await explain(api, id, minute(-10))).reason).toBe('blackout')
    expect((await explain(api, id, minute(-9))).reason).toBe('coalesced')
    const tagged = await explain(api, id, minute(-6))
    expect(tagged.sentence).toMatch(/lies in a blackout from .* to .* \(tag reports: holidays\)/)
    expect(tagged.facts.policies.blackout).toMatchObject({ tag: 'reports', reason: 'holidays' })
  })

  test('the hour that the clocks skip', async ({ api, pool, boss }) => {
    const fields = {
      type: 'cron' as const,
      schedule: { type: 'cron' as const, cron: '30 2 * * *' },
      timezone: 'America/New_York',
      policies: { dst: { gap: 'skip' as const }, misfire: { policy: 'all' as const, graceSeconds: 31_536_000 } },
      createdAt: new Date('2026-03-01T00:00:00Z'),
      updatedAt: new Date('2026-03-01T00:00:00Z'),
      cursorAt: new Date('2026-03-07T12:00:00Z'),
      nextRunAt: new Date('2026-03-08T07:30:00Z'),
    }
    const id = await insert(pool, fields)
    await dispatchDue(pool, boss, { limit: 1, graceSeconds: 900 })
    const body = await explain(api, id, '2026-03-08T02:30:00')
    expect(body.sentence).toBe(
      "It was not sent: the run of 02:30 on 8 March 2026 falls into the hour that America/New_York's clocks skip, and the job's dst.gap is skip.",
    )
    expect(body).toMatchObject({
      outcome: 'skipped',
      reason: 'dst_gap',
      facts: { nominal: '2026-03-08T02:30:00-05:00' },
    })
    expect(body.facts.dst).toEqual({
      at: '2026-03-08T03:00:00-04:00',
      before: '-05:00',
      after: '-04:00',
      what: 'The clocks skip 02:00 on 8 March 2026 to 03:00 on 8 March 2026.',
      mark: 'gap_skipped',
    })
    const folded = await explain(api, id, '2026-11-01T01:30:00-05:00')
    expect(folded.outcome).toBe('not_an_occurrence')
  })

  test('a pause, from when to when and why, by yesterday’s version', async ({ api, pool }) => {
    const minute = minutes()
    const { body: made } = await api.call('POST', '/jobs/interval', {
      ...daily,
      days: undefined,
      minutes: 1,
      start_date: minute(-600).toISOString(),
    })
    const id = made.job_id
    await pool.query(`update jobs set created_at = $1, updated_at = $1`, [minute(-600)])
    await api.call('POST', `/jobs/${id}/pause`, { reason: 'maintenance' })
    await pool.query(`update jobs set paused_at = $1, updated_at = $1, cursor_at = $1`, [minute(-30)])
    await pool.query('update job_versions set valid_to = $1', [minute(-30)])
    const present = await explain(api, id, minute(-10))
    expect(present).toMatchObject({ outcome: 'paused', reason: 'paused', facts: { execution: null } })
    expect(present.sentence).toMatch(/^It was not sent: the job is paused since .* \(maintenance\)\.$/)
    await api.call('POST', `/jobs/${id}/resume`)
    const past = await explain(api, id, minute(-10))
    expect(past).toMatchObject({ outcome: 'skipped', reason: 'paused' })
    expect(past.sentence).toMatch(
      /^It was not sent: the job was paused from .* \(maintenance\) and resumed at .*; the same goes for all (29|30) runs from /,
    )
  })
})

describe('what there is no execution of', () => {
  test('an instant that the schedule does not name, with what it names around', async ({ api, pool }) => {
    const { body: job } = await api.call('POST', '/jobs/interval', daily)
    await pool.query(`update jobs set created_at = '2026-01-01', updated_at = '2026-01-01'`)
    const body = await explain(api, job.job_id, '2026-01-20T09:30:00')
    expect(body.sentence).toBe(
      'The schedule names no run at 09:30 on 20 January 2026; the one before is 08:00 on 20 January 2026, the next is 08:00 on 21 January 2026.',
    )
    expect(body).toMatchObject({ outcome: 'not_an_occurrence', facts: { matched: null, nominal: null } })
  })

  test('what is to come, with its jitter, in a blackout, past max_runs', async ({ api, pool }) => {
    const { body: job } = await api.call('POST', '/jobs/interval', { ...daily, jitter: 600 })
    const next = await explain(api, job.job_id, job.schedule_time)
    expect(next).toMatchObject({ outcome: 'upcoming', facts: { effective: job.effective_at } })
    const far = '2099-01-01T08:00:00'
    const blackouts = [{ from: '2098-12-31', to: '2099-01-02' }]
    await api.call('PATCH', `/jobs/${job.job_id}`, { blackouts })
    expect(await explain(api, job.job_id, far)).toMatchObject({ outcome: 'skipped', reason: 'blackout' })
    await api.call('PATCH', `/jobs/${job.job_id}`, { blackouts: null, max_runs: 3 })
    expect(await explain(api, job.job_id, far)).toMatchObject({ outcome: 'completed', reason: null })
    await pool.query(`update jobs set cursor_at = now() - interval '3 days', next_run_at = now() - interval '1 day'`)
    await pool.query(
      `update jobs set created_at = created_at - interval '9 days', updated_at = updated_at - interval '9 days'`,
    )
    const due = new Date(Date.parse(job.schedule_time) - 86_400_000)
    expect(await explain(api, job.job_id, due)).toMatchObject({ outcome: 'due' })
  })

  test('before it was created, after it was deleted', async ({ api, pool }) => {
    const { body: job } = await api.call('POST', '/jobs/interval', daily)
    expect(await explain(api, job.job_id, '2024-01-20T08:00:00')).toMatchObject({ outcome: 'before_creation' })
    await api.call('DELETE', `/jobs/${job.job_id}`)
    expect(await explain(api, job.job_id, '2099-01-20T08:00:00')).toMatchObject({ outcome: 'deleted' })
    await pool.query('delete from jobs')
    expect((await api.call('GET', `/jobs/${job.job_id}/explain?at=2099-01-20`)).status).toBe(404)
  })

  test('what is past retention is unknown, not blamed on the schedule', async ({ api, pool }) => {
    const minute = minutes()
    const id = await insert(pool, minutely(minute, -1, { createdAt: ago(90_000), updatedAt: ago(90_000) }))
    expect(await explain(api, id, minute(-5))).toMatchObject({ outcome: 'unknown', facts: { matched: 'exact' } })
    await pool.query('update jobs set updated_at = now(), version = 2')
    expect(await explain(api, id, minute(-5))).toMatchObject({
      outcome: 'unknown',
      facts: { rule: null, job_version: null },
    })
  })
})

describe('how an instant is read', () => {
  test('yesterday is explained by yesterday’s rule, also its zone', async ({ api, pool }) => {
    const { body: job } = await api.call('POST', '/jobs/interval', daily)
    await pool.query(`update jobs set created_at = '2026-01-01', updated_at = '2026-01-01'`)
    await api.call('PATCH', `/jobs/${job.job_id}`, { days: 2, start_date: '2026-01-01T10:00:00', timezone: 'UTC' })
    const past = await explain(api, job.job_id, '2026-01-20T08:00:00+07:00')
    expect(past.facts).toMatchObject({ rule: 'Every day at 08:00 in GMT+7', job_version: 1, matched: 'exact' })
    const future = await explain(api, job.job_id, '2098-01-20T08:00:00Z')
    expect(future.facts).toMatchObject({ rule: 'Every 2 days at 10:00 in UTC', job_version: 2, matched: null })
  })

  test('a whole minute means the only occurrence within it', async ({ api, pool }) => {
    const anchor = new Date('2026-01-01T08:00:12.345Z')
    const id = await insert(pool, {
      schedule: repeating({ minutes: 5 }, anchor),
      nextRunAt: new Date('2099-01-01T08:00:12.345Z'),
      createdAt: anchor,
      updatedAt: anchor,
    })
    const body = await explain(api, id, '2026-01-01T09:00')
    expect(body.facts).toMatchObject({ matched: 'minute', nominal: '2026-01-01T09:00:12.345+00:00' })
    expect((await explain(api, id, '2026-01-01T09:00:01')).facts.matched).toBeNull()
    expect((await explain(api, id, '2026-01-01T09:01:00')).facts.matched).toBeNull()
  })

  test('a wall time that occurs twice means the pass that counts', async ({ api, pool }) => {
    const fields = { cron: '30 1 * * *', timezone: 'America/New_York', callback_url: daily.callback_url }
    const { body: job } = await api.call('POST', '/jobs/cron', {
      ...fields,
      dst: { fold: 'second', gap: 'next_valid' },
    })
    await pool.query(`update jobs set created_at = '2025-01-01', updated_at = '2025-01-01'`)
    const second = await explain(api, job.job_id, '2025-11-02T01:30:00')
    expect(second.facts).toMatchObject({ nominal: '2025-11-02T01:30:00-05:00', dst: { mark: 'fold_second' } })
    const first = await explain(api, job.job_id, '2025-11-02T01:30:00-04:00')
    expect(first.sentence).toContain('by dst.fold, is 2025-11-02T06:30:00Z')
    await api.call('PATCH', `/jobs/${job.job_id}`, { cron: '30 2 * * *' })
    const gap = await explain(api, job.job_id, '2099-03-08T02:30:00')
    expect(gap.facts).toMatchObject({ nominal: '2099-03-08T03:00:00-04:00', dst: { mark: 'gap_shifted' } })
  })

  test('422 without an instant, for one that is none, and for another parameter; 404 for no job', async ({ api }) => {
    const { body: job } = await api.call('POST', '/jobs/interval', daily)
    for (const query of ['', '?at=soon', '?at=2026-01-01&x=1']) {
      expect((await api.call('GET', `/jobs/${job.job_id}/explain${query}`)).status, query).toBe(422)
    }
    expect((await api.call('GET', '/jobs/x/explain?at=2026-01-01')).status).toBe(404)
    expect((await api.call('GET', '/executions/x/explain')).status).toBe(404)
  })
})
