import { afterEach, expect, onTestFinished, vi } from 'vitest'
import { test } from '../test/database.ts'
import { createPool } from './client.ts'
import { createDbClock } from './db-clock.ts'

afterEach(() => {
  vi.useRealTimers()
})

test("the database's time is not guessed before it was asked", () => {
  expect(() => createDbClock().now()).toThrow("The database's time is not known yet.")
})

test("time goes on from the database's last answer, never ahead of it, however long the answer took", async ({
  databaseUrl,
}) => {
  const pool = createPool(databaseUrl, { max: 1 })
  onTestFinished(() => pool.end())
  const clock = createDbClock()
  const databaseNow = async () => (await pool.query('select clock_timestamp() as now')).rows[0].now as Date
  // The clock's question waits behind this one for the only connection.
  const slow = pool.query('select pg_sleep(0.3)')
  const asked = clock.refresh(pool)
  await slow
  const answer = await asked

  for (let i = 0; i < 20; i += 1) {
    const ours = clock.now()
    expect(ours.getTime()).toBeLessThanOrEqual((await databaseNow()).getTime())
    expect(ours.getTime()).toBeGreaterThanOrEqual(answer.getTime())
  }
  const theirs = await databaseNow()
  expect(clock.now().getTime() - theirs.getTime()).toBeGreaterThan(-1_000)
})

test('an answer is taken for as old as the way back may have been', () => {
  const clock = createDbClock()
  const after = performance.now()
  const answer = new Date('2024-06-01T12:00:00Z')

  clock.observe(answer, after - 60_000, after)

  expect(clock.now().getTime() - answer.getTime()).toBeLessThanOrEqual(performance.now() - after)
  expect(clock.now().getTime()).toBeGreaterThanOrEqual(answer.getTime())
  expect(clock.latest().getTime() - answer.getTime(), 'and may be all of its way old').toBeGreaterThan(60_000)
})

test("at the latest it is never behind the database's time, nor by more than its answer took ahead of it", async ({
  pool,
}) => {
  const clock = createDbClock()
  expect(() => clock.latest()).toThrow("The database's time is not known yet.")
  const before = performance.now()
  await clock.refresh(pool)
  const tookMs = performance.now() - before

  for (let i = 0; i < 20; i += 1) {
    const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now')
    expect(clock.latest().getTime()).toBeGreaterThanOrEqual(Number(rows[0]?.now))
    expect(clock.latest().getTime() - clock.now().getTime()).toBeLessThanOrEqual(tookMs + 2)
  }
})

test("setting the machine's clock changes nothing", async ({ pool }) => {
  const clock = createDbClock()
  await clock.refresh(pool)
  const before = clock.now().getTime()

  for (const hours of [1, -2]) {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 })
    expect(Math.abs(clock.now().getTime() - before)).toBeLessThan(60_000)
    vi.useRealTimers()
  }
})
