import { createPool } from '@scheduler/db/client'
import { emptyDatabase } from '@scheduler/db/test/empty-database'
import { expect, onTestFinished, test } from 'vitest'
import { installVirtualClock } from './virtual-clock.ts'

const YEAR_MS = 365 * 86_400_000

async function setUp() {
  const url = await emptyDatabase()
  const pool = createPool(url)
  onTestFinished(() => pool.end())
  return { pool, clock: await installVirtualClock(url, pool) }
}

test('all that tells the time follows it: the functions, pg-boss’s, and what columns have by default', async () => {
  const { pool, clock } = await setUp()
  const then = Date.now() + 2 * YEAR_MS
  await clock.set(then)
  await pool.query(`create table marks (at timestamptz default now())`)
  await pool.query('insert into marks default values')
  const { rows } = await pool.query(`select now(), clock_timestamp(), statement_timestamp(), transaction_timestamp(),
    pgboss.job_now(), pg_catalog.now() as catalog, (select at from marks) as column`)
  for (const [name, at] of Object.entries(rows[0])) {
    expect(Number(at) - then, name).toBeGreaterThanOrEqual(0)
    expect(Number(at) - then, name).toBeLessThan(20_000)
  }
})

test('it goes on by itself, and back when it is set back', async () => {
  const { clock } = await setUp()
  await clock.set(Date.now() + YEAR_MS)
  const [one, other] = [await clock.now(), await clock.now()]
  expect(other).toBeGreaterThan(one)
  await clock.set(one - 60_000)
  expect(await clock.now()).toBeLessThan(one)
  expect(Math.abs(clock.shownAt(Date.now()) - (await clock.now()))).toBeLessThan(1_000)
})

test('a transaction keeps its time, though the clock is set meanwhile', async () => {
  const { pool, clock } = await setUp()
  const client = await pool.connect()
  onTestFinished(() => client.release())
  await client.query('begin')
  const before = (await client.query('select now()')).rows[0].now
  await clock.set(Date.now() + YEAR_MS)
  const { rows } = await client.query('select now(), clock_timestamp() as clock')
  await client.query('rollback')
  expect(rows[0].now).toEqual(before)
  expect(Number(rows[0].clock) - Number(before)).toBeGreaterThan(YEAR_MS / 2)
})
