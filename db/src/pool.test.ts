import { readFileSync } from 'node:fs'
import { expect, onTestFinished } from 'vitest'
import { test } from '../test/database.ts'
import { isConnectionLost, isDatabaseAway } from './database-away.ts'
import { createPool, NOT_PLANNED, type Pool, type PoolClient, unsteadySettings } from './pool.ts'

function poolOf(url: string, options?: Parameters<typeof createPool>[1]): Pool {
  const pool = createPool(url, options)
  onTestFinished(() => pool.end())
  return pool
}

const pidOf = async (client: Pool | PoolClient) => (await client.query('select pg_backend_pid() as pid')).rows[0].pid

/** Errors that nobody listened for; they would end the process. */
function unheard(): unknown[] {
  const errors: unknown[] = []
  const own = process.listeners('uncaughtException')
  const note = (error: unknown) => void errors.push(error)
  process.removeAllListeners('uncaughtException').on('uncaughtException', note)
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException')
    for (const listener of own) process.on('uncaughtException', listener)
  })
  return errors
}

const ended = (client: PoolClient) => new Promise((resolve) => client.once('end', resolve))

test('a connection that is killed within a transaction is an error of its query alone', async ({
  databaseUrl,
  pool,
}) => {
  const errors = unheard()
  const own = poolOf(databaseUrl, { max: 1 })
  const client = await own.connect()
  await client.query('begin')
  const pid = await pidOf(client)
  const sleeping = client.query('select pg_sleep(60)').catch((error: unknown) => error)
  await expect
    .poll(async () => (await pool.query('select wait_event from pg_stat_activity where pid = $1', [pid])).rows)
    .toEqual([{ wait_event: 'PgSleep' }])
  const end = ended(client)
  await pool.query('select pg_terminate_backend($1)', [pid])

  expect(isDatabaseAway(await sleeping)).toBe(true)
  await end
  client.release(true)
  expect(await pidOf(own)).not.toBe(pid)
  expect(errors).toEqual([])
})

test('a connection that is killed between two statements of a transaction ends no process', async ({
  databaseUrl,
  pool,
}) => {
  const errors = unheard()
  const own = poolOf(databaseUrl, { max: 1 })
  const client = await own.connect()
  await client.query('begin')
  const end = ended(client)
  await pool.query('select pg_terminate_backend($1)', [await pidOf(client)])
  await end

  expect(isDatabaseAway(await client.query('select 1').catch((error: unknown) => error))).toBe(true)
  client.release(true)
  expect((await own.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  expect(errors).toEqual([])
})

test('a connection that is killed while it is idle ends no process, and the next query gets another', async ({
  databaseUrl,
  pool,
}) => {
  const errors = unheard()
  const own = poolOf(databaseUrl, { max: 1 })
  const pid = await pidOf(own)
  const removed = new Promise((resolve) => own.once('remove', resolve))
  await pool.query('select pg_terminate_backend($1)', [pid])
  await removed

  expect(await pidOf(own)).not.toBe(pid)
  expect(errors).toEqual([])
})

test('a transaction that was idle for too long, since its process stood still, says that trying again may help', async ({
  databaseUrl,
}) => {
  const errors = unheard()
  const own = poolOf(databaseUrl, { max: 1 })
  const client = await own.connect()
  await client.query(`set idle_in_transaction_session_timeout = '50ms'`)
  await client.query('begin')
  // As SIGSTOP does: the server's word is there, and not read, when the next statement goes out.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)

  const failure = await client.query('select 1').catch((error: unknown) => error)
  client.release(true)

  expect(failure).toMatchObject({ code: '25P03' })
  expect([isDatabaseAway(failure), isConnectionLost(failure)]).toEqual([true, true])
  expect(errors).toEqual([])
})

test('a statement that takes too long is given up, and says that trying again may help', async ({ databaseUrl }) => {
  const own = poolOf(databaseUrl, { queryMs: 100 })

  const failure = await own.query('select pg_sleep(60)').catch((error: unknown) => error)

  expect(failure).toBeInstanceOf(Error)
  expect(isDatabaseAway(failure)).toBe(true)
})

test('a pool that has no connection left is an error after a while, not a wait for ever', async ({ databaseUrl }) => {
  const own = poolOf(databaseUrl, { max: 1, connectMs: 100 })
  const client = await own.connect()

  expect(isDatabaseAway(await own.query('select 1').catch((error: unknown) => error))).toBe(true)
  client.release()
})

test('with steady plans a prepared statement is planned once, not anew for each of its parameters', async ({
  databaseUrl,
}) => {
  const steady = createPool(databaseUrl, { max: 1, steadyPlans: true })
  for (const id of ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002']) {
    await steady.query({ name: 'of-one', text: 'select from executions where id = $1', values: [id] })
  }
  const { rows } = await steady.query('select name, generic_plans::int, custom_plans::int from pg_prepared_statements')
  await steady.end()
  expect(rows).toEqual([{ name: 'of-one', generic_plans: 2, custom_plans: 0 }])
})

test('a pool knows whether what it asks of its connections was granted', async ({ databaseUrl }) => {
  expect(await unsteadySettings(poolOf(databaseUrl, { steadyPlans: true }))).toEqual([])
  // As through a pooler that keeps `options` to itself.
  expect(await unsteadySettings(poolOf(databaseUrl))).toEqual([...NOT_PLANNED, 'plan_cache_mode'])
})

test('the settings of a pooler that the docs have ask for all that a pool asks for', () => {
  const docs = readFileSync(new URL('../../docs/scaling.md', import.meta.url), 'utf8')
  const query = /^scheduler_worker\b.*connect_query='([^']*)'/m.exec(docs)?.[1] ?? ''
  expect(query.split('; ').filter((it) => it.endsWith(' = off'))).toEqual(NOT_PLANNED.map((it) => `set ${it} = off`))
  expect(query).toContain('set plan_cache_mode = force_generic_plan')
})
