import { createDb, createPool, type Pool } from '@scheduler/db/client'
import { createDbClock } from '@scheduler/db/db-clock'
import { startQueue } from '@scheduler/db/queue'
import { executions } from '@scheduler/db/schema/index'
import { ago, execution, repeating } from '@scheduler/db/test/factories'
import { watchHoldUps } from '@scheduler/db/test/hold-ups'
import { begin, queueItems, test, untilBlocked } from '@scheduler/db/test/queue'
import { newWorkerId } from '@scheduler/db/worker-id'
import { expect, onTestFinished } from 'vitest'
import { createOnceJobs, databaseNow, ledger, many, states } from '../test/jobs.ts'
import { createLog } from '../test/log.ts'
import { startProxy } from '../test/proxy.ts'
import { until } from '../test/until.ts'
import { type DispatcherParts, dispatchPass } from './dispatch-pass.ts'
import { startDispatcher } from './dispatcher.ts'

const url = 'http://receiver.test/'

function parts(pool: Pool, boss: DispatcherParts['boss'], changes: Partial<DispatcherParts> = {}) {
  const { log, lines } = createLog()
  const told = { items: 0, itemsWait: 0, busy: [] as string[] }
  const given: DispatcherParts = {
    ...{ pool, boss, log, clock: createDbClock(), graceSeconds: 900 },
    most: () => 1_000,
    overflow: (_, now) => ({ reason: 'destination_busy', at: now }),
    onItems: (count) => {
      told.items += count
    },
    onItemsWait: () => {
      told.itemsWait += 1
    },
    onBusy: (destinations) => told.busy.push(...destinations),
    ...{ onEventsWait() {}, onNotificationsDue() {}, notifiesAll: false },
    ...{ workerId: newWorkerId(), take: () => false, launch: async (claiming) => void (await claiming([])) },
    ...changes,
  }
  return { given, told, lines }
}

/** A dispatcher that runs until the test is over. */
function dispatching(...args: Parameters<typeof parts>) {
  const { given, ...rest } = parts(...args)
  const dispatcher = startDispatcher(given)
  onTestFinished(() => dispatcher.stop())
  return { dispatcher, ...rest }
}

/** How late each execution was made, ms, by the database's clock. */
async function lateness(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ late: number }>(
    'select extract(epoch from created_at - scheduled_for) * 1000 as late from executions',
  )
  return rows.map((row) => Number(row.late))
}

/** From now on the ledger refuses rows of destinations that begin so. */
async function refuse(pool: Pool, destination: string) {
  await pool.query(`alter table executions add constraint poison check (destination not like '${destination}%')`)
  onTestFinished(async () => void (await pool.query('alter table executions drop constraint poison')))
}

test('one pass says how long to sleep: until the next is due, a second at the most, not at all while there is more', async ({
  pool,
  boss,
}) => {
  const { given } = parts(pool, boss)
  expect(await dispatchPass(given)).toEqual({ done: 0, waitMs: 1_000, forJobs: false, overtaken: false })
  await createOnceJobs(pool, [{ url, inMs: 3_600_000 }])
  expect(await dispatchPass(given)).toEqual({ done: 0, waitMs: 1_000, forJobs: false, overtaken: false })
  await createOnceJobs(pool, [{ url, inMs: 500 }])
  const passed = await dispatchPass(given)
  expect(passed).toMatchObject({ done: 0, forJobs: true, overtaken: false })
  expect(passed.waitMs).toBeGreaterThan(100)
  expect(passed.waitMs).toBeLessThanOrEqual(500)
  await createOnceJobs(pool, [{ url, inMs: -1 }])
  expect(await dispatchPass(given)).toMatchObject({ done: 1, waitMs: 0 })
})

test('a due job that somebody holds is looked at again in a moment, not at once', async ({ pool, boss }) => {
  const { given } = parts(pool, boss)
  await createOnceJobs(pool, [{ url, inMs: -1 }])
  const client = await pool.connect()
  await client.query('begin')
  await client.query('select from jobs for update')

  expect(await dispatchPass(given)).toEqual({ done: 0, waitMs: 20, forJobs: false, overtaken: true })

  await client.query('rollback')
  client.release()
  expect(await dispatchPass(given)).toMatchObject({ done: 1, waitMs: 0 })
})

test('jobs that are due for sure are dispatched before anything is asked, and the pass knows when another had them', async ({
  pool,
  boss,
}) => {
  const { given } = parts(pool, boss)
  await createOnceJobs(pool, [
    { url, inMs: -1 },
    { url, inMs: 3_600_000 },
  ])

  // In the pass in which the next is looked for, and not in one after it.
  expect(await dispatchPass(given, 10, true)).toEqual({ done: 1, waitMs: 1_000, forJobs: false, overtaken: false })
  expect(await dispatchPass(given, 10, true)).toEqual({ done: 0, waitMs: 1_000, forJobs: false, overtaken: true })
})

test('it sleeps until the next is due: nothing is early, and nothing waits for the next look', async ({
  pool,
  boss,
}) => {
  await createOnceJobs(
    pool,
    [250, 400, 550, 700].map((inMs) => ({ url, inMs })),
  )
  const holdUps = watchHoldUps()
  dispatching(pool, boss)
  await until('all to be dispatched', async () => (await ledger(pool)).length === 4)
  for (const late of await lateness(pool)) {
    expect(late).toBeGreaterThanOrEqual(0)
    expect(late).toBeLessThan(400 + holdUps.longestMs())
  }
})

test('it is woken for a job that is due sooner than it knew, and looks within a second when nobody wakes it', async ({
  pool,
  boss,
}) => {
  const { dispatcher } = dispatching(pool, boss)
  const dispatched = async (wake: boolean) => {
    // Right after a look of its own, so that the next one is far away.
    const before = (await ledger(pool)).length
    await createOnceJobs(pool, [{ url, inMs: -5 }])
    await until('a first one', async () => (await ledger(pool)).length === before + 1)
    const since = performance.now()
    await createOnceJobs(pool, [{ url, inMs: 0 }])
    if (wake) dispatcher.wake()
    await until('it to be dispatched', async () => (await ledger(pool)).length === before + 2)
    return performance.now() - since
  }
  const holdUps = watchHoldUps()
  const wokenMs = await dispatched(true)
  expect(wokenMs).toBeLessThan(600 + holdUps.longestMs())
  expect(await dispatched(false)).toBeLessThan(2_000)
})

test('all that is due is dispatched, batch after batch, whatever its number, and is said once', async ({
  pool,
  boss,
}) => {
  await createOnceJobs(pool, many(700, { url, inMs: -10 }))
  const { told } = dispatching(pool, boss)
  await until('all to be dispatched', () => told.items === 700)
  expect([await states(pool), (await queueItems(pool)).length]).toEqual([{ queued: 700 }, 700])
})

test('what a destination has too much of is parked, and said', async ({ pool, boss }) => {
  await createOnceJobs(pool, [...many(8, { url, inMs: -10 }), ...many(2, { url: 'http://other.test/', inMs: -10 })])
  const { told } = dispatching(pool, boss, { most: (destination) => (destination === 'http://receiver.test' ? 3 : 9) })
  await until('all to be dispatched', async () => (await ledger(pool)).length === 10)
  expect(await states(pool)).toEqual({ parked: 5, queued: 5 })
  await until('it to be said', () => told.busy.length > 0)
  expect([told.items, new Set(told.busy)]).toEqual([5, new Set(['http://receiver.test'])])
})

test('waiting executions come back when their time has come, not before; parked ones are not its business', async ({
  pool,
  boss,
}) => {
  await createOnceJobs(pool, many(2, { url, inMs: -10 }))
  await dispatchPass(parts(pool, boss, { most: () => 0 }).given)
  await pool.query(`update executions set next_attempt_at = clock_timestamp() + interval '400 milliseconds'`)
  await pool.query(`update executions set state = 'waiting', reason = null
    where id = (select min(id::text)::uuid from executions)`)
  const { told } = dispatching(pool, boss)
  const due = (await ledger(pool)).map((it) => Number(it.nextAttemptAt)).sort()[0] ?? 0
  await until('one to come back', () => told.items === 1)
  expect(Number(await databaseNow(pool))).toBeGreaterThanOrEqual(due)
  expect(await states(pool)).toEqual({ parked: 1, queued: 1 })
})

test('a row that the database refuses sets its job aside, and the rest of its batch goes on', async ({
  pool,
  boss,
}) => {
  await refuse(pool, 'http://poison')
  const good = await createOnceJobs(pool, many(20, { url, inMs: -10 }))
  const bad = await createOnceJobs(pool, many(2, { url: 'http://poison.test/', inMs: -20 }))
  const { told, lines } = dispatching(pool, boss)
  await until('the good ones to be dispatched', () => told.items === 20)
  expect((await ledger(pool)).map((it) => it.jobId).sort()).toEqual(good.sort())
  const setAside = () => lines.filter(({ msg, level }) => msg === 'job quarantined' && level === 50)
  await until('both to be said', () => setAside().length === 2)
  const { rows } = await pool.query(`select id, status_reason from jobs where status = 'quarantined' order by id`)
  expect(rows.map((row) => row.id)).toEqual(bad.sort())
  expect(rows[0]?.status_reason).toMatch(/^The database refused/)
  await createOnceJobs(pool, [{ url, inMs: 0 }])
  await until('the next one', () => told.items === 21)
})

test('what has begun is sent before anything else is waited for', async ({ pool, boss }) => {
  const { given } = parts(pool, boss, { take: (destination) => destination === 'http://receiver.test' })
  const [waiting] = await createOnceJobs(pool, [
    { url: 'http://other.test/', inMs: -10 },
    { url, inMs: -5 },
  ])
  // The one that is due takes the place of one that is queued, and may go as soon as it is promoted.
  await pool.query(
    `update jobs set type = 'interval', schedule = $2, policies = '{"overlap":"cancel_running"}' where id = $1`,
    [waiting, repeating({ hours: 1 }, ago(3_600))],
  )
  await createDb(pool)
    .insert(executions)
    .values(execution({ jobId: waiting as string, scheduledFor: ago(3_600) }))
  const [first, other] = [await begin(pool), await begin(pool)]
  await first.query('lock table flow_limits in access exclusive mode')
  const begun = Promise.withResolvers<number>()
  let passed = false
  const launch: DispatcherParts['launch'] = async (claiming) => begun.resolve((await claiming([])).length)
  const passing = dispatchPass({ ...given, launch }).then(() => {
    passed = true
  })
  await untilBlocked(pool, 1)
  const holding = other.query('select from jobs where id = $1 for update', [waiting])
  await untilBlocked(pool, 2)
  await first.query('rollback')
  await holding

  expect(await begun.promise).toBe(1)
  await untilBlocked(pool, 1)
  expect(passed).toBe(false)
  await other.query('rollback')
  await passing
  expect(await states(pool)).toEqual({ cancelled: 1, running: 1, waiting: 1 })
})

test.for(['cut', 'freeze'] as const)(
  'when the database goes away (%s) it goes on trying, says so once, and dispatches what was due when it is back',
  async (how, { pool, databaseUrl }) => {
    const proxy = await startProxy(databaseUrl)
    const distant = createPool(proxy.url, { max: 2, connectMs: 400, queryMs: 400 })
    const boss = await startQueue(distant)
    const { told, lines, dispatcher } = dispatching(distant, boss)
    onTestFinished(async () => {
      await dispatcher.stop()
      await boss.stop({ graceful: false, close: false })
      await distant.end()
      await proxy.close()
    })
    const logged = (message: string) => lines.filter(({ msg }) => msg === message)
    await createOnceJobs(pool, [{ url }])
    await until('a first one', () => told.items === 1)
    proxy[how]()
    await createOnceJobs(pool, many(3, { url }))
    await until('a look to fail', () => logged('dispatching failed, trying again').length > 0)
    expect(await ledger(pool)).toHaveLength(1)
    proxy.restore()
    await until('what was due', () => told.items === 4)
    await until('it to be said', () => logged('dispatching works again').length === 1)
    expect(logged('dispatching failed, trying again')).toHaveLength(1)
  },
)

test('a pause that ends is resumed when it ends', async ({ pool, boss }) => {
  await createOnceJobs(pool, [{ url, inMs: 3_600_000 }])
  await pool.query(
    `update jobs set status = 'paused', next_run_at = null, next_scheduled_for = null, paused_until = now() + interval '1 second'`,
  )
  const { told, lines } = dispatching(pool, boss)

  await until(
    'the job to be resumed',
    async () => (await pool.query(`select from jobs where status = 'active'`)).rowCount === 1,
  )

  const { rows } = await pool.query(
    `select extract(epoch from valid_to - valid_from) as seconds, paused_until from job_versions, jobs`,
  )
  expect(rows).toMatchObject([{ paused_until: null }])
  // The database has it before the worker hears that it is committed.
  await until('it to be said', () => lines.some((it) => it.msg === 'job resumed'))
  await until('its items to be told', () => told.items > 0)
})
