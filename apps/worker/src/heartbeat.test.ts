import type { Pool } from '@scheduler/db/client'
import { createDbClock } from '@scheduler/db/db-clock'
import { test } from '@scheduler/db/test/database'
import { newWorkerId } from '@scheduler/db/worker-id'
import { expect, onTestFinished } from 'vitest'
import { databaseNow } from '../test/jobs.ts'
import { createLog } from '../test/log.ts'
import { until } from '../test/until.ts'
import { startHeartbeat } from './heartbeat.ts'

function beating(pool: Pool, onBeat = async () => {}) {
  const id = newWorkerId()
  const { log, lines } = createLog()
  const clock = createDbClock()
  const current = () => ({ id, hostname: 'here', pid: 1, inFlight: 3, draining: false })
  const heartbeat = startHeartbeat({ pool, clock, log, onBeat, current })
  onTestFinished(() => heartbeat.stop())
  return { id, lines, clock, heartbeat }
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
