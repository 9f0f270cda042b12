import { describe, expect } from 'vitest'
import { ago, execution } from '../../test/factories.ts'
import {
  begin,
  byHand,
  outcomeOf,
  queueItems,
  queueUp,
  rejected,
  soleExecution,
  test,
  untilBlocked,
  worker,
} from '../../test/queue.ts'
import type { Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import { attempts, executions, type JobRow } from '../schema/index.ts'
import { putAway } from './dead-letters.ts'
import { deleteJob } from './delete-job.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { editJob } from './edit-job.ts'
import { pauseJob } from './pause-job.ts'
import { promote } from './promote.ts'
import { redrive, redriveOne } from './redrive.ts'
import { resumeJob } from './resume-job.ts'
import { settle } from './settle.ts'

const NONE = { count: 0, isLowerBound: false }

const any = () => true
const all = { limit: 10_000 }

/** A job with so many dead letters, each after one attempt. */
async function deadJob(pool: Pool, boss: Boss, fields: Partial<JobRow> = {}, count = 1): Promise<JobRow> {
  const row = await queueUp(pool, boss, fields, count)
  const { claim, workerId } = worker(pool, boss)
  const { claims } = await claim(undefined, count)
  await settle(
    pool,
    boss,
    workerId,
    claims.map((it) => outcomeOf(it, { ...rejected, failures: 4 })),
  )
  return row
}

/** A pool on which something else happens once a statement of that name has been carried out. */
function after(pool: Pool, name: string, happen: () => Promise<void>): Pool {
  const connect = async () => {
    const client = await pool.connect()
    const query = async (...given: unknown[]) => {
      const result = await (client.query as (...given: unknown[]) => Promise<unknown>)(...given)
      if ((given[0] as { name?: string }).name === name) await happen()
      return result
    }
    return new Proxy(client, {
      get: (target, key) => {
        const value = Reflect.get(target, key)
        if (key === 'query') return query
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  return { connect, query: pool.query.bind(pool) } as unknown as Pool
}

const idOf = async (pool: Pool) => (await soleExecution(pool)).id

describe('an execution that is redriven', () => {
  test('is the same one, unfinished, its retries before it; its attempts count on', async ({ db, pool, boss }) => {
    await deadJob(pool, boss)
    const before = await soleExecution(pool)
    expect(before).toMatchObject({ state: 'failed', deadAt: expect.any(Date), failures: 4 })

    const row = await redriveOne(pool, boss, before.id)

    expect(row).toMatchObject({
      ...{ id: before.id, state: 'queued', reason: null, attempt: 1, failures: 0, effectiveAt: before.effectiveAt },
      ...{ firstAttemptAt: null, deadAt: null, finishedAt: null, redrivenAt: expect.any(Date) },
    })
    const { claim, workerId } = worker(pool, boss)
    const { claims } = await claim()
    expect(claims).toMatchObject([{ executionId: before.id, attempt: 2, failures: 0 }])
    await settle(
      pool,
      boss,
      workerId,
      claims.map((it) => outcomeOf(it)),
    )
    expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded', deadAt: null, attempt: 2 })
    expect(await db.select({ attempt: attempts.attempt }).from(attempts)).toHaveLength(2)
    expect(await queueItems(pool)).toEqual([])
  })

  test('sends the job as it is now', async ({ pool, boss }) => {
    const { id } = await deadJob(pool, boss)
    const moved = { callbackUrl: 'http://new.test/callback', destination: 'http://new.test', callbackHost: 'new.test' }
    await editJob(pool, id, { matches: any, graceSeconds: 900 }, () => ({ ...moved, payload: 'new' }))
    expect(await redriveOne(pool, boss, await idOf(pool))).toMatchObject({ destination: 'http://new.test' })
    expect((await worker(pool, boss).claim()).claims).toMatchObject([
      { callbackUrl: moved.callbackUrl, payload: 'new' },
    ])
  })

  test('of a paused job is sent, unless a pause comes after it', async ({ pool, boss }) => {
    const { id } = await deadJob(pool, boss, {}, 2)
    await pauseJob(pool, id, byHand, any)
    await redrive(pool, boss, { ...all, perSecond: 1_000 })
    expect((await worker(pool, boss).claim()).claims).toHaveLength(1)
    await resumeJob(pool, boss, id, { missed: 'skip', graceSeconds: 900, matches: any })
    await pauseJob(pool, id, byHand, any)
    const { rows } = await pool.query('select state, reason from executions order by scheduled_for')
    expect(rows).toEqual([
      { state: 'running', reason: null },
      { state: 'cancelled', reason: 'paused' },
    ])
  })

  test('is refused when its job is deleted, when it is no dead letter, when there is none', async ({ pool, boss }) => {
    const { id } = await deadJob(pool, boss)
    const execution = await idOf(pool)
    await putAway(pool, {}, 10)
    await expect(redriveOne(pool, boss, execution)).rejects.toMatchObject({ code: 'not-a-dead-letter' })
    await expect(redriveOne(pool, boss, id)).rejects.toMatchObject({ code: 'execution-not-found' })
    await pool.query('update executions set dead_at = finished_at')
    await deleteJob(pool, id, any)
    await expect(redriveOne(pool, boss, execution)).rejects.toMatchObject({ code: 'job-deleted' })
    expect(await soleExecution(pool)).toMatchObject({ state: 'failed', deadAt: expect.any(Date) })
    expect(await queueItems(pool)).toEqual([])
  })
})

describe('several', () => {
  test('go out at the rate, the oldest occurrence first', async ({ db, pool, boss }) => {
    await deadJob(pool, boss, { policies: { overlap: 'allow' } }, 4)
    expect(await redrive(pool, boss, { ...all, perSecond: 2 })).toEqual({ executions: 4, left: NONE, refused: [] })
    const rows = await db.select().from(executions).orderBy(executions.scheduledFor)
    const [first] = rows
    const after = (at: Date | null) => at && at.getTime() - (first?.redrivenAt?.getTime() ?? 0)
    expect(rows.map((it) => [it.state, after(it.nextAttemptAt), it.behind])).toEqual([
      ['queued', null, false],
      ['waiting', 500, false],
      ['waiting', 1_000, false],
      ['waiting', 1_500, false],
    ])
    await pool.query(`update executions set next_attempt_at = now() where state = 'waiting'`)
    expect((await dispatchHeld(pool, boss, { limit: 10 })).ids).toHaveLength(3)
    expect((await worker(pool, boss).claim()).claims).toHaveLength(4)
  })

  test('of one job go one after the other unless its overlap is allow, and wait for what is unfinished', async ({
    db,
    pool,
    boss,
  }) => {
    const { id } = await deadJob(pool, boss, {}, 3)
    await redrive(pool, boss, { ...all, limit: 1 })
    const rows = () => db.select().from(executions).orderBy(executions.scheduledFor)
    expect((await rows()).map(({ state }) => state)).toEqual(['queued', 'failed', 'failed'])
    expect(await redrive(pool, boss, { ...all, jobId: id })).toMatchObject({ executions: 2, left: NONE })
    expect((await rows()).map((it) => [it.state, it.reason, it.behind])).toEqual([
      ['queued', null, false],
      ['waiting', 'overlap_queued', true],
      ['waiting', 'overlap_queued', true],
    ])
  })

  test('leave those of deleted jobs where they are, without their standing in the way', async ({ pool, boss }) => {
    const gone = await deadJob(pool, boss, {}, 2)
    await deleteJob(pool, gone.id, any)
    await deadJob(pool, boss, {}, 2)
    expect(await redrive(pool, boss, { limit: 1 })).toEqual({ executions: 1, left: { ...NONE, count: 1 }, refused: [] })
    expect(await redrive(pool, boss, { limit: 5 })).toEqual({ executions: 1, left: NONE, refused: [] })
  })

  test('by id name each that is refused', async ({ db, pool, boss }) => {
    const gone = await deadJob(pool, boss)
    await deleteJob(pool, gone.id, any)
    await deadJob(pool, boss)
    const live = await queueUp(pool, boss)
    const rows = await db.select().from(executions).orderBy(executions.createdAt)
    const unknown = '00000000-0000-7000-8000-000000000000'
    const ids = [...rows.map((row) => row.id), unknown]
    const { refused, ...done } = await redrive(pool, boss, { ...all, ids })
    expect(done).toEqual({ executions: 1, left: { ...NONE, count: 1 } })
    const codes = new Map(refused.map(({ id, problem }) => [id, problem.code]))
    expect(codes).toEqual(
      new Map([
        [rows.find((row) => row.jobId === live.id)?.id, 'not-a-dead-letter'],
        [unknown, 'execution-not-found'],
        [rows.find((row) => row.jobId === gone.id)?.id, 'job-deleted'],
      ]),
    )
  })
})

describe('at the same time', () => {
  test('two redrives of one execution send it once', async ({ pool, boss }) => {
    const { id } = await deadJob(pool, boss)
    const execution = await idOf(pool)
    const other = await begin(pool)
    await other.query('select from jobs where id = $1 for update', [id])
    const both = [redrive(pool, boss, all), redrive(pool, boss, all)]
    const one = redriveOne(pool, boss, execution).catch(({ code }) => code)
    await untilBlocked(pool, 3)
    await other.query('rollback')

    const counts = (await Promise.all(both)).map((it) => it.executions)
    const alone = (await one) === 'not-a-dead-letter' ? 0 : 1
    expect(counts.reduce((a, b) => a + b, alone)).toBe(1)
    expect(await queueItems(pool)).toHaveLength(1)
    expect((await worker(pool, boss).claim()).claims).toHaveLength(1)
  })

  test.for([
    ['delete', (pool: Pool, id: string) => deleteJob(pool, id, any), 'failed'],
    ['pause', (pool: Pool, id: string) => pauseJob(pool, id, byHand, any), 'queued'],
  ] as const)('a redrive waits for a %s that came first, and sees it', async ([, change, state], { pool, boss }) => {
    const { id } = await deadJob(pool, boss)
    const execution = await idOf(pool)
    const other = await begin(pool)
    await other.query('select from jobs where id = $1 for update', [id])
    const changing = change(pool, id)
    await untilBlocked(pool, 1)
    const redriving = redriveOne(pool, boss, execution).catch(({ code }) => code)
    await untilBlocked(pool, 2)
    await other.query('rollback')
    await changing
    await redriving
    expect(await soleExecution(pool)).toMatchObject({ state })
    expect((await worker(pool, boss).claim()).claims).toHaveLength(state === 'queued' ? 1 : 0)
  })

  test.for([
    ['delete', (pool: Pool, id: string) => deleteJob(pool, id, any), 'deleted'],
    ['pause', (pool: Pool, id: string) => pauseJob(pool, id, byHand, any), 'paused'],
  ] as const)('a %s that comes while a redrive is under way cancels it', async ([, change, reason], { pool, boss }) => {
    const { id } = await deadJob(pool, boss)
    const execution = await soleExecution(pool)
    const other = await begin(pool)
    await other.query('select from executions where id = $1 for update', [execution.id])
    const redriving = redriveOne(pool, boss, execution.id)
    await untilBlocked(pool, 1)
    const changing = change(pool, id)
    await untilBlocked(pool, 2)
    await other.query('rollback')
    await Promise.all([redriving, changing])
    expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled', reason, deadAt: null })
    expect((await worker(pool, boss).claim()).claims).toEqual([])
  })

  test('one that was made to wait for an execution which ends meanwhile goes on all the same', async ({
    db,
    pool,
    boss,
  }) => {
    const { id } = await deadJob(pool, boss)
    const live = execution({ jobId: id, state: 'running', scheduledFor: ago(0) })
    await db.insert(executions).values(live)
    // It ends once the redrive has seen it, and before it has committed.
    const meanwhile = after(pool, 'unfinished-of-jobs', async () => {
      await pool.query(`update executions set state = 'succeeded', finished_at = now() where id = $1`, [live.id])
      await promote(pool, [id])
    })

    expect(await redrive(meanwhile, boss, all)).toMatchObject({ executions: 1 })

    const [row] = await db.select().from(executions).orderBy(executions.scheduledFor)
    expect(row).toMatchObject({ state: 'waiting', reason: null, behind: false })
    expect((await dispatchHeld(pool, boss, { limit: 1 })).ids).toEqual([row?.id])
  })

  test('a success of an attempt from before that is settled late still counts', async ({ pool, boss }) => {
    await queueUp(pool, boss)
    const { claim, workerId } = worker(pool, boss)
    const { claims } = await claim()
    await pool.query(
      `update executions set state = 'failed', reason = 'worker_crashed', finished_at = now(), dead_at = now()`,
    )
    await redriveOne(pool, boss, await idOf(pool))
    await settle(
      pool,
      boss,
      workerId,
      claims.map((it) => outcomeOf(it, { startedAt: ago(1) })),
    )
    expect(await soleExecution(pool)).toMatchObject({ state: 'succeeded' })
    expect((await worker(pool, boss).claim()).claims).toEqual([])
  })
})
