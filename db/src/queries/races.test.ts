import { describe, expect } from 'vitest'
import { ago, job } from '../../test/factories.ts'
import {
  begin,
  byHand,
  loseWorker,
  queueItems,
  queueUp,
  soleExecution,
  test,
  untilBlocked,
  worker,
} from '../../test/queue.ts'
import type { Pool, PoolClient } from '../client.ts'
import { executions, jobs } from '../schema/index.ts'
import { SENDING_MS } from './change-job.ts'
import { deleteJob } from './delete-job.ts'
import { dispatchDue } from './dispatch-due.ts'
import { editJob } from './edit-job.ts'
import { pauseJob } from './pause-job.ts'

const any = () => true

type Change = (pool: Pool, id: string) => Promise<unknown>
const removals: [string, Change, string][] = [
  ['a delete', (pool, id) => deleteJob(pool, id, any), 'deleted'],
  ['a pause', (pool, id) => pauseJob(pool, id, byHand, any), 'paused'],
]

const moved = { callbackUrl: 'http://new.test/callback', destination: 'http://new.test', callbackHost: 'new.test' }
const edit: Change = (pool, id) => editJob(pool, id, { matches: any, graceSeconds: 900 }, () => moved)

/** Writes the due occurrence of the only job, uncommitted: a dispatcher then waits with its job locked. */
async function blockDispatch(client: PoolClient): Promise<void> {
  await client.query(`insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at,
    created_at, destination)
    select gen_random_uuid(), id, 1, 'schedule', 'queued', next_run_at, next_run_at, now(), '' from jobs`)
}

describe.for(removals)('%s that comes while a dispatcher holds the job', ([, change, reason]) => {
  test('waits for it, and cancels what it has dispatched: no live execution remains', async ({ db, pool, boss }) => {
    const due = job()
    await db.insert(jobs).values(due)
    const other = await begin(pool)
    await blockDispatch(other)
    const dispatching = dispatchDue(pool, boss, { limit: 10, graceSeconds: 900 })
    await untilBlocked(pool, 1)
    const changing = change(pool, due.id as string)
    await untilBlocked(pool, 2)
    await other.query('rollback')

    expect(await dispatching).toMatchObject({ jobs: 1, items: 1 })
    await changing

    expect(await soleExecution(pool)).toMatchObject({ state: 'cancelled', reason, attempt: 0 })
    expect(await worker(pool, boss).claim()).toMatchObject({ claims: [], fetched: 1 })
    expect(await queueItems(pool)).toEqual([])
  })
})

describe.for([...removals, ['an edit', edit, null] as const])(
  '%s that comes while a claim is under way',
  ([, change]) => {
    test('answers only once the claim is committed, and finds its attempt in flight', async ({ db, pool, boss }) => {
      // Of two items the claim begins one and parks the other, whose abandoned attempt it has to write: there it waits.
      const { id } = await queueUp(pool, boss)
      await queueUp(pool, boss, { destination: 'http://other.test' })
      const dead = worker(pool, boss)
      const { claims } = await dead.claim(({ destination }) => (destination === 'http://other.test' ? 'send' : 'hold'))
      const all = await queueItems(pool)
      await loseWorker(
        boss,
        all.map((item) => ({ item })),
      )
      const other = await begin(pool)
      await other.query(
        `insert into attempts (execution_id, scheduled_for, attempt, outcome, started_at, finished_at, job_version, worker_id)
       values ($1, $2, 1, 'abandoned', now(), now(), 1, $3)`,
        [claims[0]?.executionId, claims[0]?.scheduledFor, dead.workerId],
      )
      const order: string[] = []
      const claiming = worker(pool, boss).claim(({ destination }) => {
        return destination === 'http://other.test' ? { reason: 'circuit_open', at: ago(0) } : 'send'
      })
      await untilBlocked(pool, 1)
      const changing = change(pool, id).then(() => order.push('answered'))
      const claimed = claiming.then((it) => {
        order.push('claimed')
        return it
      })
      await untilBlocked(pool, 2)
      await other.query('rollback')

      expect(await claimed).toMatchObject({ claims: [{ jobId: id, attempt: 1, callbackUrl: expect.any(String) }] })
      await changing
      expect(order).toEqual(['claimed', 'answered'])
      const rows = await db.select().from(executions)
      expect(rows.find((row) => row.jobId === id)).toMatchObject({
        state: 'running',
        destination: 'http://receiver.test',
      })
    })
  },
)

describe.for([...removals, ['an edit', edit, null] as const])(
  '%s that comes while what is due begins as it is dispatched',
  ([, change]) => {
    test('waits for it, finds its attempt in flight, and answers when that has been sent', async ({
      db,
      pool,
      boss,
    }) => {
      const due = job()
      await db.insert(jobs).values(due)
      const other = await begin(pool)
      // What the dispatch asks before it records the beginning: its transaction is older than that, then.
      await other.query('lock table flow_limits in access exclusive mode')
      const begins = { workerId: worker(pool, boss).workerId, take: () => true }
      const dispatching = dispatchDue(pool, boss, { limit: 10, graceSeconds: 900, begin: begins })
      await untilBlocked(pool, 1)
      const changing = change(pool, due.id as string)
      await untilBlocked(pool, 2)
      const { rows } = await other.query<{ released: Date }>('select clock_timestamp() as released')
      await other.query('rollback')

      const { claims } = await dispatching
      await changing

      const { rows: answers } = await pool.query<{ at: Date }>('select clock_timestamp() as at')
      expect(claims).toMatchObject([{ jobId: due.id, attempt: 1, callbackUrl: due.callbackUrl }])
      const row = await soleExecution(pool)
      expect(row).toMatchObject({ state: 'running', destination: due.destination })
      const begun = row.claimedAt?.getTime() ?? Number.NaN
      expect(begun).toBeGreaterThanOrEqual(rows[0]?.released.getTime() ?? Number.NaN)
      // A timer may ring a little early.
      expect((answers[0]?.at.getTime() ?? 0) - begun).toBeGreaterThanOrEqual(SENDING_MS - 5)
    })
  },
)

test('a claim that waits for an edit sends to the new address, with the new payload', async ({ db, pool, boss }) => {
  const { id } = await queueUp(pool, boss, {}, 2)
  const [first, second] = await db.select().from(executions).orderBy(executions.scheduledFor)
  // The edit locks the first execution and waits for the second one; the claim waits for the edit.
  const other = await begin(pool)
  await other.query('select from executions where id = $1 for update', [second?.id])
  const editing = editJob(pool, id, { matches: any, graceSeconds: 900 }, () => ({ ...moved, payload: 'new' }))
  await untilBlocked(pool, 1)
  const claiming = worker(pool, boss).claim(undefined, 1)
  await untilBlocked(pool, 2)
  await other.query('rollback')

  await editing
  expect((await claiming).claims).toMatchObject([
    { executionId: first?.id, ...{ callbackUrl: moved.callbackUrl, destination: moved.destination, payload: 'new' } },
  ])
})

test('a delete cancels what is pending, and leaves alone what is in flight', async ({ pool, boss }) => {
  const { id } = await queueUp(pool, boss, {}, 5)
  const claiming = [1, 2].map(() => worker(pool, boss).claim(undefined, 1))
  const claimed = (await Promise.all(claiming)).flatMap((it) => it.claims)

  await deleteJob(pool, id, any)

  expect(claimed).toHaveLength(2)
  expect((await worker(pool, boss).claim()).claims).toEqual([])
  const { rows } = await pool.query('select state::text, count(*)::int from executions group by 1 order by 1')
  expect(rows).toEqual([
    { state: 'cancelled', count: 3 },
    { state: 'running', count: 2 },
  ])
})

test('an attempt is as young as its beginning, however long its claim had to wait for a lock', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss, {}, 2)
  const other = await begin(pool)
  // The last that the claim locks: it has the first by then.
  await other.query('select from executions order by id desc limit 1 for update')
  const claiming = worker(pool, boss).claim()
  await untilBlocked(pool, 1)
  const { rows } = await pool.query<{ released: Date }>('select clock_timestamp() as released')
  await other.query('rollback')

  expect((await claiming).claims).toHaveLength(2)
  const { rows: begun } = await pool.query<{ at: Date }>('select claimed_at as at from executions')
  const released = rows[0]?.released.getTime() ?? Number.NaN
  expect(begun.filter(({ at }) => at.getTime() >= released)).toHaveLength(2)
})
