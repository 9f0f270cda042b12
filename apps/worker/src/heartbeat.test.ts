import { createPool, type Pool } from '@scheduler/db/client'
import { createDbClock } from '@scheduler/db/db-clock'
import { test } from '@scheduler/db/test/database'
import { newWorkerId } from '@scheduler/db/worker-id'
import { expect, onTestFinished } from 'vitest'
import { databaseNow } from '../test/jobs.ts'
import { createLog } from '../test/log.ts'
import { until } from '../test/until.ts'
import { createDestinations } from './destinations.ts'
import { startHeartbeat } from './heartbeat.ts'

const HERE = 'http://here.test'

function beating(pool: Pool, onBeat = async () => {}) {
  const id = newWorkerId()
  const { log, lines } = createLog()
  const clock = createDbClock()
  const destinations = createDestinations({
    ...{ concurrency: 4, failMax: 1, resetMs: 60_000, timeoutMs: 10_000, onChange: () => {} },
  })
  const current = () => ({ id, hostname: 'here', pid: 1, inFlight: 3, draining: false })
  const heartbeat = startHeartbeat({ pool, clock, log, destinations, onBeat, current })
  onTestFinished(() => heartbeat.stop())
  const fail = () =>
    destinations.run(
      HERE,
      async () => 'down',
      () => true,
    )
  return { id, lines, clock, heartbeat, fail }
}

test('a worker is in the list at once, knows the time of the database, and beats when it is told to', async ({
  pool,
}) => {
  let beats = 0
  const { id, clock, heartbeat } = beating(pool, async () => {
    beats += 1
  })
  await until('the first beat', () => beats === 1)
  expect((await pool.query('select id, hostname, pid, in_flight from workers')).rows).toEqual([
    { id, hostname: 'here', pid: 1, in_flight: 3 },
  ])
  expect(Math.abs(Number(clock.now()) - Number(await databaseNow(pool)))).toBeLessThan(1_000)
  heartbeat.beatNow()
  await until('the next beat', () => beats === 2)
})

test('a circuit that opens is written down with times by the database', async ({ pool }) => {
  const { id, heartbeat, fail } = beating(pool)
  await fail()
  heartbeat.beatNow()
  const [row] = await until('the circuit', async () => {
    const { rows } = await pool.query(`select *, retry_at - opened_at = interval '60 s' as after_reset from circuits`)
    return rows.length > 0 && rows
  })
  expect(row).toMatchObject({ destination: HERE, worker_id: id, state: 'open', failures: 1, after_reset: true })
  expect(Math.abs(Number(row.opened_at) - Number(await databaseNow(pool)))).toBeLessThan(5_000)
})

test('a circuit that could not be written down is written once that is possible again', async ({
  pool,
  databaseUrl,
}) => {
  const impatient = createPool(databaseUrl, { max: 1, queryMs: 200 })
  const { lines, heartbeat, fail } = beating(impatient)
  const blocker = await pool.connect()
  onTestFinished(async () => {
    blocker.release(true)
    await heartbeat.stop()
    await impatient.end()
  })
  await blocker.query('begin; lock table circuits')
  await fail()
  heartbeat.beatNow()
  await until('it to fail', () => lines.some(({ msg }) => msg === 'heartbeat failed, trying again'))
  expect((await pool.query('select from workers')).rowCount).toBe(1)
  await blocker.query('rollback')
  await until('the circuit', async () => (await pool.query(`select from circuits where state = 'open'`)).rowCount === 1)
})
