import { createDb } from '@scheduler/db/client'
import { pruneNewSurplus } from '@scheduler/db/queries/prune-by-job'
import { executions } from '@scheduler/db/schema/executions'
import { jobVersions } from '@scheduler/db/schema/job-versions'
import { jobs } from '@scheduler/db/schema/jobs'
import { ago, execution, job, repeating } from '@scheduler/db/test/factories'
import { describe, expect } from 'vitest'
import { type Answered, type Api, daily, test } from '../../test/api.ts'

const pathsOf = ({ body }: Answered) => body.errors?.map((it: { path: string }) => it.path) ?? []
const create = async (api: Api, fields: object) => await api.call('POST', '/jobs/interval', { ...daily, ...fields })
const stored = async ({ deps }: Api, id: string) =>
  (await deps.pool.query('select retention from jobs where id = $1', [id])).rows[0].retention

test.for([
  [undefined, null],
  [null, null],
  [{}, null],
  [{ executions: null, days: null }, null],
  [{ executions: 1 }, { executions: 1, days: null }],
  [{ days: 36_500 }, { executions: null, days: 36_500 }],
  [
    { executions: 100_000, days: 1 },
    { executions: 100_000, days: 1 },
  ],
] as const)('%j is answered as %j, and stored without what does not bound', async ([retention, answer], { api }) => {
  const { status, body } = await create(api, { retention })
  expect(status).toBe(201)
  expect(body.retention).toEqual(answer)
  expect((await api.call('GET', `/jobs/${body.job_id}`)).body.retention).toEqual(answer)
  const bounds = Object.entries(answer ?? {}).filter(([, value]) => value !== null)
  expect(await stored(api, body.job_id)).toEqual(bounds.length > 0 ? Object.fromEntries(bounds) : null)
})

test.for([
  [{ executions: 0 }, 'retention.executions'],
  [{ executions: 100_001 }, 'retention.executions'],
  [{ executions: 1.5 }, 'retention.executions'],
  [{ executions: '7' }, 'retention.executions'],
  [{ days: 0 }, 'retention.days'],
  [{ days: 36_501 }, 'retention.days'],
  [{ hours: 1 }, 'retention.hours'],
  [[], 'retention'],
  [7, 'retention'],
] as const)('%j is refused by the name of %s, in every way to write it', async ([retention, path], { api }) => {
  const { job_id } = (await create(api, {})).body
  const answers = [
    await create(api, { retention }),
    await api.call('PUT', `/jobs/interval/${job_id}`, { retention }),
    await api.call('PATCH', `/jobs/${job_id}`, { retention }),
    await api.call('POST', '/jobs/cron?dry_run=true', { cron: '@daily', callback_url: daily.callback_url, retention }),
  ]
  for (const answer of answers) expect([answer.status, pathsOf(answer)]).toEqual([422, [path]])
  const { body } = await api.call('POST', '/jobs/batch', [{ type: 'interval', ...daily, retention }])
  expect(body.results).toMatchObject([{ status: 422, errors: [{ path }] }])
})

describe('an edit', () => {
  test('leaves what it does not name, merges with PATCH, replaces with PUT, and takes away with null', async ({
    api,
  }) => {
    const { job_id } = (await create(api, { retention: { executions: 9, days: 3 } })).body
    const edit = async (method: string, fields: object) =>
      (await api.call(method, `/jobs/${job_id}`, fields)).body.retention
    expect(await edit('PATCH', { name: 'x' })).toEqual({ executions: 9, days: 3 })
    expect(await edit('PATCH', { retention: { executions: 5 } })).toEqual({ executions: 5, days: 3 })
    expect(await edit('PATCH', { retention: { days: null } })).toEqual({ executions: 5, days: null })
    expect(await edit('PUT', { retention: { days: 2 } })).toEqual({ executions: null, days: 2 })
    expect(await edit('PUT', { name: 'y' })).toEqual({ executions: null, days: 2 })
    expect(await edit('PATCH', { retention: null })).toBeNull()
    expect(await stored(api, job_id)).toBeNull()
  })

  test('is a version of its own, leaves the clock alone, and what is there already is no edit', async ({ api }) => {
    const { job_id, schedule_time } = (await create(api, {})).body
    const patch = async (fields: object) => (await api.call('PATCH', `/jobs/${job_id}`, fields)).body
    expect(await patch({ retention: { executions: 5, days: 2 } })).toMatchObject({ version: 2, schedule_time })
    expect(await patch({ retention: { days: 2, executions: 5 } })).toMatchObject({ version: 2 })
  })

  test('shows in a dry run, which stores nothing', async ({ api }) => {
    const { job_id } = (await create(api, {})).body
    const dry = await api.call('PATCH', `/jobs/${job_id}?dry_run=true`, { retention: { executions: 5 } })
    expect(dry.body.job.retention).toEqual({ executions: 5, days: null })
    expect(await stored(api, job_id)).toBeNull()
  })
})

test('an upsert makes it what the body says, batches store it as creates do', async ({ api }) => {
  const upsert = async (fields: object) =>
    (await api.call('POST', '/jobs/interval?upsert=true', { ...daily, external_id: 'x', ...fields })).body
  expect(await upsert({ retention: { executions: 5 } })).toMatchObject({ version: 1, retention: { executions: 5 } })
  expect(await upsert({ retention: { executions: 5, days: null } })).toMatchObject({ version: 1 })
  expect(await upsert({})).toMatchObject({ version: 2, retention: null })

  const batch = [{ retention: { days: 4 } }, {}].map((fields) => ({ type: 'interval', ...daily, ...fields }))
  const { results } = (await api.call('POST', '/jobs/batch', batch)).body
  const all = await Promise.all(results.map((it: { job_id: string }) => stored(api, it.job_id)))
  expect(all).toEqual([{ days: 4 }, null])
})

test('what a bound has taken away is explained as that, what is still there as it was', async ({ api, pool }) => {
  const now = Math.floor(Date.now() / 1_000) * 1_000
  const minute = (n: number) => new Date(now - (n * 60 + 30) * 1_000)
  const row = job({
    ...{ schedule: repeating({ minutes: 1 }, minute(90)), nextRunAt: ago(-30), cursorAt: minute(0) },
    ...{ retention: { executions: 2 }, createdAt: ago(9_000), updatedAt: ago(9_000) },
  })
  const db = createDb(pool)
  await db.insert(jobs).values(row)
  const at = (n: number) => execution({ jobId: row.id as string, state: 'succeeded', scheduledFor: minute(n) })
  await db.insert(executions).values([8, 7, 6, 5].map(at))
  const explain = async (n: number) =>
    (await api.call('GET', `/jobs/${row.id}/explain?at=${minute(n).toISOString()}`)).body
  expect(await explain(8)).toMatchObject({ outcome: 'succeeded' })

  await pruneNewSurplus(pool, null, null)

  expect(await explain(8)).toMatchObject({
    outcome: 'pruned',
    sentence: expect.stringMatching(
      /^What became of the run of .+ is no longer known: of this job only the newest executions are kept, and those before .+ were pruned\.$/,
    ),
    facts: { matched: 'exact', execution: null },
  })
  expect(await explain(6)).toMatchObject({ outcome: 'succeeded' })
  // Nothing ever made one of that minute, which lies after what was pruned.
  expect(await explain(4)).toMatchObject({ outcome: 'unknown' })
})

test('what was sent after a pause, and pruned since, is not said to have been left out for the pause', async ({
  api,
  pool,
}) => {
  const now = Math.floor(Date.now() / 1_000) * 1_000
  const minute = (n: number) => new Date(now - (n * 60 + 30) * 1_000)
  const row = job({
    ...{ schedule: repeating({ minutes: 1 }, minute(90)), nextRunAt: ago(-30), cursorAt: minute(0), version: 2 },
    ...{ retention: { executions: 2 }, createdAt: ago(9_000), updatedAt: minute(6) },
  })
  const db = createDb(pool)
  await db.insert(jobs).values(row)
  const { id: jobId, callbackUrl, timezone, schedule, policies } = row
  const paused = { version: 1, validFrom: minute(20), validTo: minute(6), status: 'paused' as const, tags: [] }
  await db.insert(jobVersions).values({ jobId: jobId as string, callbackUrl, timezone, schedule, policies, ...paused })
  const at = (n: number) => execution({ jobId: jobId as string, state: 'succeeded', scheduledFor: minute(n) })
  await db.insert(executions).values([10, 9, 8, 5].map(at))
  const outcomeOf = async (n: number) =>
    (await api.call('GET', `/jobs/${jobId}/explain?at=${minute(n).toISOString()}`)).body.outcome

  expect(await outcomeOf(11)).toBe('paused')
  await pruneNewSurplus(pool, null, null)
  expect(await outcomeOf(9)).toBe('pruned')
  // Of those that lie after what was pruned it is known that they were left out.
  expect(await outcomeOf(7)).toBe('paused')
})
