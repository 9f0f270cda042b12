import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, ahead, execution, job, repeating } from '../../test/factories.ts'
import { begin, queueItems, test, untilBlocked } from '../../test/queue.ts'
import type { Pool } from '../client.ts'
import { executions, jobs } from '../schema/index.ts'
import { dispatchDue, PoisonJob } from './dispatch-due.ts'
import { quarantine } from './quarantine-job.ts'

const options = { limit: 100, graceSeconds: 900 }

/** Lets the database refuse to move the clock of jobs of this name, which comes after executions and items were written. */
async function refuseToMove(pool: Pool, name: string, until: () => Promise<void>): Promise<void> {
  await pool.query(
    `alter table jobs add constraint stays check (name is distinct from '${name}' or next_run_at < now())`,
  )
  try {
    await until()
  } finally {
    await pool.query('alter table jobs drop constraint stays')
  }
}

test('when four dispatchers race, each due occurrence becomes exactly one execution and one item', async ({
  db,
  pool,
  boss,
}) => {
  await db.insert(jobs).values(Array.from({ length: 40 }, () => job()))

  const done = await Promise.all([1, 2, 3, 4].map(() => dispatchDue(pool, boss, { ...options, limit: 25 })))

  expect(done.reduce((sum, it) => sum + it.jobs, 0)).toBe(40)
  expect(done.reduce((sum, it) => sum + it.items, 0)).toBe(40)
  const rows = await db.select().from(executions)
  expect(new Set(rows.map((row) => row.jobId)).size).toBe(40)
  expect(rows).toHaveLength(40)
  const items = await queueItems(pool)
  expect(items.map((item) => item.id).sort()).toEqual(rows.map((row) => row.itemId).sort())
  expect(items.map((item) => item.execution).sort()).toEqual(rows.map((row) => row.id).sort())
})

test('a job that another dispatcher holds is passed over, not waited for', async ({ db, pool, boss }) => {
  const held = job({ nextRunAt: ago(2) })
  const free = job({ nextRunAt: ago(1) })
  await db.insert(jobs).values([held, free])
  const other = await begin(pool)
  await other.query('select from jobs where id = $1 for update', [held.id])

  const done = await dispatchDue(pool, boss, options)

  await other.query('rollback')
  expect(done).toMatchObject({ jobs: 1, items: 1 })
  expect(await db.select({ jobId: executions.jobId }).from(executions)).toEqual([{ jobId: free.id }])
})

test('a job stays locked while it is dispatched: whoever changes it waits until its clock has moved', async ({
  db,
  pool,
  boss,
}) => {
  const due = job()
  await db.insert(jobs).values(due)
  const other = await begin(pool)
  // The dispatcher's insert waits for this one, with its job locked.
  await other.query(`insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at,
    created_at, destination) select gen_random_uuid(), id, 1, 'schedule', 'queued', next_run_at, next_run_at, now(), ''
    from jobs`)
  const dispatching = dispatchDue(pool, boss, options)
  await untilBlocked(pool, 1)
  const changing = pool.query(`update jobs set name = 'changed' returning next_run_at > now() as moved`)
  await untilBlocked(pool, 2)
  await other.query('rollback')

  expect(await dispatching).toMatchObject({ jobs: 1, items: 1 })
  expect((await changing).rows).toEqual([{ moved: true }])
})

test('an occurrence that is in the ledger already makes no second execution and no item, and the clock moves past it', async ({
  db,
  pool,
  boss,
}) => {
  const due = job()
  await db.insert(jobs).values(due)
  const before = execution({ jobId: due.id, scheduledFor: due.nextScheduledFor as Date, state: 'succeeded' })
  await db.insert(executions).values(before)

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ jobs: 1, items: 0 })

  expect(await db.select({ id: executions.id }).from(executions)).toEqual([{ id: before.id }])
  expect(await queueItems(pool)).toEqual([])
  expect(await dispatchDue(pool, boss, options)).toMatchObject({ jobs: 0 })
})

test('a job that is not due yet, paused, completed or deleted is left alone', async ({ db, pool, boss }) => {
  await db
    .insert(jobs)
    .values([
      job({ nextRunAt: ahead(60) }),
      job({ status: 'paused' }),
      job({ status: 'completed' }),
      job({ deletedAt: ago(1) }),
    ])

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ jobs: 0, items: 0 })
  expect(await db.$count(executions)).toBe(0)
})

test('when a batch fails part-way, nothing of it remains: no execution, no item, no moved clock', async ({
  db,
  pool,
  boss,
}) => {
  await db.insert(jobs).values([job({ nextRunAt: ago(2) }), job({ nextRunAt: ago(1), name: 'refused' })])
  const clocks = () => db.select({ next: jobs.nextRunAt, cursor: jobs.cursorAt }).from(jobs).orderBy(jobs.id)
  const before = await clocks()

  await refuseToMove(pool, 'refused', async () => {
    await expect(dispatchDue(pool, boss, options)).rejects.toMatchObject({ constraint: 'stays' })
  })

  expect(await db.$count(executions)).toBe(0)
  expect(await queueItems(pool)).toEqual([])
  expect(await clocks()).toEqual(before)
})

test('a job whose row the database refuses is named when it is alone, so that it can be set aside', async ({
  db,
  pool,
  boss,
}) => {
  const refused = job({ nextRunAt: ago(2), name: 'refused' })
  const good = job({ nextRunAt: ago(1) })
  await db.insert(jobs).values([refused, good])

  await refuseToMove(pool, 'refused', async () => {
    const failure = await dispatchDue(pool, boss, { ...options, limit: 1 }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PoisonJob)
    expect(failure).toMatchObject({ jobId: refused.id, cause: { constraint: 'stays' } })
    await quarantine(pool, (failure as PoisonJob).jobId, 'refused')
  })

  expect(await dispatchDue(pool, boss, { ...options, limit: 1 })).toMatchObject({ jobs: 1, items: 1 })
  expect(await db.select({ jobId: executions.jobId }).from(executions)).toEqual([{ jobId: good.id }])
})

test('a job without another occurrence is completed by its last, at the time of the dispatch', async ({
  db,
  pool,
  boss,
}) => {
  const at = ago(1)
  const last = job({ nextRunAt: at, schedule: { ...repeating({ hours: 1 }, at), end: repeating({}, at).anchor } })
  await db.insert(jobs).values(last)

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ items: 1 })

  const [row] = await db
    .select()
    .from(jobs)
    .where(eq(jobs.id, last.id as string))
  expect(row).toMatchObject({ status: 'completed', nextRunAt: null, nextScheduledFor: null, cursorAt: at, version: 1 })
  expect(row?.completedAt?.getTime()).toBeGreaterThan(at.getTime())
})

test('what a destination can not take is parked at once, and takes no item', async ({ db, pool, boss }) => {
  await db.insert(jobs).values([...Array.from({ length: 5 }, () => job()), job({ destination: 'http://calm.test' })])

  const done = await dispatchDue(pool, boss, { ...options, most: () => 2 })

  expect(done).toMatchObject({ jobs: 6, items: 3, busy: ['http://receiver.test'] })
  const parked = await db.select().from(executions).where(eq(executions.state, 'parked'))
  expect(parked).toHaveLength(3)
  for (const row of parked) {
    expect(row).toMatchObject({ reason: 'destination_busy', itemId: null, attempt: 0 })
    expect(row.nextAttemptAt?.getTime()).toBeGreaterThan(Date.now())
  }
  expect(await queueItems(pool)).toHaveLength(3)
})

test('an item holds the ids of its execution and nothing else', async ({ db, pool, boss }) => {
  await db.insert(jobs).values(job({ payload: 'a secret', callbackUrl: 'http://receiver.test/?token=secret' }))

  await dispatchDue(pool, boss, options)

  const { rows } = await pool.query('select * from pgboss.job')
  const [row] = await db.select().from(executions)
  expect(rows.map((it) => it.data)).toEqual([{ e: row?.id, s: row?.scheduledFor.getTime() }])
  expect(JSON.stringify(rows)).not.toContain('secret')
})
