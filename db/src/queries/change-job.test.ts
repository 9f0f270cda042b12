import { describe, expect, onTestFinished } from 'vitest'
import { test } from '../../test/database.ts'
import { watchHoldUps } from '../../test/hold-ups.ts'
import { byHand } from '../../test/queue.ts'
import type { Pool, PoolClient } from '../client.ts'
import { createJob, newJobId } from './create-job.ts'
import { deleteJob } from './delete-job.ts'
import { editJob } from './edit-job.ts'
import { pauseJob } from './pause-job.ts'

const any = () => true
const at = new Date('2099-01-01T00:00:00Z')

async function aJob(pool: Pool): Promise<string> {
  const id = newJobId()
  const job = {
    id,
    type: 'once',
    nextRunAt: at,
    nextScheduledFor: at,
    cursorAt: new Date('2024-01-01T00:00:00Z'),
    callbackUrl: 'http://example.com/',
    destination: 'http://example.com',
    callbackHost: 'example.com',
    timezone: 'UTC',
    schedule: { type: 'once', at: '2099-01-01T00:00:00+00:00' },
    policies: {},
    name: null,
    externalId: null,
    tags: [],
    payload: '{}',
    delivery: null,
    flowKey: null,
    retention: null,
  } as const
  await createJob(pool, { ...job, tags: [] }, new Date())
  return id
}

async function queue(client: Pool | PoolClient, jobId: string): Promise<void> {
  await client.query(
    `insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at, created_at, destination)
     values (gen_random_uuid(), $1, 1, 'schedule', 'queued', now(), now(), now(), 'http://example.com')`,
    [jobId],
  )
}

const stateOf = async (pool: Pool) => (await pool.query('select state, reason, destination from executions')).rows

/** A transaction of its own, cut off when the test is over. */
async function begin(pool: Pool): Promise<PoolClient> {
  const client = await pool.connect()
  onTestFinished(() => client.release(true))
  await client.query('begin')
  return client
}

/** Resolves once a statement of this database waits for a lock. */
async function blocked(pool: Pool): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rows.length
    })
    .toBe(1)
}

const changes = [
  ['a delete', (pool: Pool, id: string) => deleteJob(pool, id, any)],
  ['a pause', (pool: Pool, id: string) => pauseJob(pool, id, byHand, any)],
  [
    'an edit',
    (pool: Pool, id: string) => editJob(pool, id, { matches: any, graceSeconds: 900 }, () => ({ name: 'n' })),
  ],
] as const

describe.for(changes)('%s', ([, change]) => {
  test('waits for a claim under way, leaves its attempt alone, and answers once that is on the wire', async ({
    pool,
  }) => {
    const id = await aJob(pool)
    await queue(pool, id)
    const claim = await begin(pool)
    await claim.query('select from executions for update')
    let answered = 0
    const changed = change(pool, id).then(() => {
      answered = performance.now()
    })
    await blocked(pool)
    // What a claim does after it has its execution: it reads the job, which is not changed yet for anyone but us.
    const { rows } = await claim.query('select from jobs where deleted_at is null and status = $1 and version = 1', [
      'active',
    ])
    expect(rows).toHaveLength(1)
    await claim.query(`update executions set state = 'running', attempt = 1, claimed_at = clock_timestamp()`)
    const begun = performance.now()
    await claim.query('commit')
    await changed
    expect(answered - begun).toBeGreaterThanOrEqual(245)
    expect(await stateOf(pool)).toMatchObject([{ state: 'running' }])
  })

  test('does not wait for an attempt that was claimed long ago', async ({ pool }) => {
    const id = await aJob(pool)
    await queue(pool, id)
    await pool.query(`update executions set state = 'running', attempt = 1, claimed_at = now() - interval '1 second'`)
    const holdUps = watchHoldUps()
    const begun = performance.now()
    await change(pool, id)
    expect(performance.now() - begun).toBeLessThan(200 + holdUps.longestMs())
  })
})

describe.for([
  ['a delete', (pool: Pool, id: string) => deleteJob(pool, id, any), { state: 'cancelled', reason: 'deleted' }],
  ['a pause', (pool: Pool, id: string) => pauseJob(pool, id, byHand, any), { state: 'cancelled', reason: 'paused' }],
  [
    'an edit',
    (pool: Pool, id: string) =>
      editJob(pool, id, { matches: any, graceSeconds: 900 }, () => ({ destination: 'https://new.example' })),
    { state: 'queued', destination: 'https://new.example' },
  ],
] as const)('%s', ([, change, expected]) => {
  test('reaches an execution that a dispatch under way is about to commit', async ({ pool }) => {
    const id = await aJob(pool)
    const dispatch = await begin(pool)
    await dispatch.query('select from jobs for update')
    const changed = change(pool, id)
    await blocked(pool)
    await queue(dispatch, id)
    await dispatch.query('commit')
    await changed
    expect(await stateOf(pool)).toMatchObject([expected])
  })
})

test('a change that throws leaves the job, its version and its executions as they were', async ({ pool }) => {
  const id = await aJob(pool)
  await queue(pool, id)
  const edit = () => {
    throw new Error('no')
  }
  await expect(editJob(pool, id, { matches: any, graceSeconds: 900 }, edit)).rejects.toThrow('no')
  expect((await pool.query('select version from jobs')).rows).toEqual([{ version: 1 }])
  expect(await stateOf(pool)).toMatchObject([{ state: 'queued' }])
})
