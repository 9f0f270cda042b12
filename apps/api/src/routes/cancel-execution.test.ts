import { worker } from '@scheduler/db/test/queue'
import { describe, expect } from 'vitest'
import { type Api, daily, once, startApi, test } from '../../test/api.ts'

/** An execution that is queued, of a job that was run by hand. */
async function queued(api: Api, fields: object = {}): Promise<{ job: string; id: string; path: string }> {
  const { job_id: job } = (await api.call('POST', '/jobs/interval', { ...daily, ...fields })).body
  const { execution_id: id } = (await api.call('POST', `/jobs/${job}/run`)).body
  return { job, id, path: `/executions/${id}/cancel` }
}

const explained = async (api: Api, id: string) => (await api.call('GET', `/executions/${id}/explain`)).body

describe('POST /executions/{id}/cancel', () => {
  test('cancels what is queued, says so again when it is repeated, and leaves the job as it is', async ({
    api,
    pool,
    boss,
  }) => {
    const { job, id, path } = await queued(api)
    const before = (await api.call('GET', `/jobs/${job}`)).body
    const { status, body } = await api.call('POST', path)
    expect([status, body]).toMatchObject([
      200,
      {
        execution_id: id,
        state: 'cancelled',
        reason: 'cancelled_by_hand',
        attempt: 0,
        finished_at: expect.any(String),
      },
    ])
    expect(body.finished_at).toMatch(/\+07:00$/)
    expect(await api.call('POST', path, {})).toMatchObject({ status: 200, body })
    expect((await api.call('GET', `/executions/${id}`)).body).toEqual(body)
    expect((await api.call('GET', `/jobs/${job}`)).body).toEqual(before)
    expect((await api.call('GET', '/dead-letters')).body).toEqual([])
    expect(await explained(api, id)).toMatchObject({
      ...{ outcome: 'cancelled', reason: 'cancelled_by_hand' },
      sentence: expect.stringMatching(/^Run by hand: it was cancelled by hand at .*, before it was sent\.$/),
    })
    expect((await worker(pool, boss).claim()).claims).toEqual([])
  })

  test('of a job that is done but for it, or deleted, too', async ({ api, pool, boss }) => {
    const { job_id } = (await api.call('POST', '/jobs', once)).body
    const { execution_id } = (await api.call('POST', `/jobs/${job_id}/run`)).body
    await pool.query(
      `update jobs set status = 'completed', completed_at = now(), next_run_at = null, next_scheduled_for = null`,
    )
    expect((await api.call('POST', `/executions/${execution_id}/cancel`)).body.state).toBe('cancelled')
    expect((await api.call('GET', `/jobs/${job_id}`)).body.status).toBe('completed')

    const { job, path } = await queued(api)
    expect((await worker(pool, boss).claim()).claims).toHaveLength(1)
    await api.call('DELETE', `/jobs/${job}`)
    expect((await api.call('POST', path)).body).toMatchObject({ state: 'running', reason: 'cancelled_by_hand' })
  })

  test('asks for the end of an attempt in flight, and says so', async ({ api, pool, boss }) => {
    const { id, path } = await queued(api)
    expect((await worker(pool, boss).claim()).claims).toHaveLength(1)
    const { status, body } = await api.call('POST', path)
    expect([status, body]).toMatchObject([
      200,
      { state: 'running', reason: 'cancelled_by_hand', attempt: 1, finished_at: null },
    ])
    expect((await explained(api, id)).sentence).toMatch(
      /^Run by hand: it is being cancelled by hand, since .*: attempt 1, .*, is broken off\.$/,
    )
  })

  test('409 for one that is finished, naming its state; 404 for none; 422 for a body with a field', async ({
    api,
    pool,
  }) => {
    const { job, path } = await queued(api)
    for (const [state, told] of [
      ['succeeded', /it is succeeded, .*\/explain/],
      ['failed', /it is failed, .*DELETE \/dead-letters\//],
    ] as const) {
      await pool.query(
        `update executions set state = $1::execution_state, attempt = 1, finished_at = now(),
           dead_at = case when $1::text = 'failed' then now() end`,
        [state],
      )
      const { body } = await api.call('POST', path)
      expect(body).toMatchObject({ status: 409, type: '/problems/execution-finished' })
      expect(body.detail).toMatch(told)
      expect((await api.call('GET', body.type)).status).toBe(200)
    }
    expect((await api.call('POST', `/executions/${job}/cancel`)).body.type).toBe('/problems/execution-not-found')
    expect((await api.call('POST', '/executions/x/cancel')).status).toBe(404)
    const bad = await api.call('POST', path, { reason: 'no' })
    expect([bad.status, bad.body.errors[0].path]).toEqual([422, 'reason'])
  })

  test('a dry run says what would become of it, and changes nothing', async ({ api, pool, boss }) => {
    const { id, path } = await queued(api)
    const before = (await api.call('GET', `/executions/${id}`)).body
    const dry = await api.call('POST', `${path}?dry_run=true`)
    expect([dry.status, dry.body]).toMatchObject([200, { state: 'cancelled', reason: 'cancelled_by_hand' }])
    expect((await api.call('GET', `/executions/${id}`)).body).toEqual(before)
    expect((await worker(pool, boss).claim()).claims).toHaveLength(1)
    const flying = await api.call('POST', `${path}?dry_run=true`)
    expect(flying.body).toMatchObject({ state: 'running', reason: 'cancelled_by_hand' })
    expect((await api.call('GET', `/executions/${id}`)).body).toMatchObject({ state: 'running', reason: null })
  })

  test('asks for a key where keys are set', async ({ pool, boss }) => {
    const api = await startApi(pool, { boss: () => boss, apiKeys: ['a-key-of-thirty-two-characters-12'] })
    const { status } = await api.call('POST', '/executions/01990000-0000-7000-8000-000000000000/cancel')
    await api.close()
    expect(status).toBe(401)
  })

  test('a list by state has it, and its reason', async ({ api }) => {
    const { id, path } = await queued(api)
    await queued(api)
    await api.call('POST', path)
    const { body } = await api.call('GET', '/executions?state=cancelled')
    expect(body).toMatchObject([{ execution_id: id, reason: 'cancelled_by_hand' }])
  })
})
