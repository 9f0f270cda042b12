import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { test } from '../../test/database.ts'
import { ago } from '../../test/factories.ts'
import { circuits, workers } from '../schema/index.ts'
import { newWorkerId } from '../worker-id.ts'
import { beat, isAlive, leave, WORKER_ALIVE_SECONDS } from './workers.ts'

const heartbeat = (hostname = 'here') => ({ id: newWorkerId(), hostname, pid: 7, inFlight: 3, draining: false })

test("a worker's first heartbeat puts it into the list, and each further one says how it is", async ({ db, pool }) => {
  const me = heartbeat()
  await beat(pool, me)
  await db.update(workers).set({ startedAt: ago(60), heartbeatAt: ago(60) })

  const now = await beat(pool, { ...me, inFlight: 0, draining: true })

  const [row] = await db.select().from(workers)
  expect(row).toMatchObject({ id: me.id, hostname: 'here', pid: 7, inFlight: 0, draining: true })
  expect(row?.startedAt.getTime()).toBeLessThan(ago(30).getTime())
  expect(Math.abs(now.getTime() - (row?.heartbeatAt.getTime() ?? 0))).toBeLessThan(1_000)
})

test('a host is alive while one of its workers beats', async ({ db, pool }) => {
  const [here, there] = [heartbeat('here'), heartbeat('there')]
  await beat(pool, here)
  await beat(pool, there)
  await db
    .update(workers)
    .set({ heartbeatAt: ago(WORKER_ALIVE_SECONDS + 5) })
    .where(eq(workers.id, there.id))

  expect(await isAlive(pool, 'here')).toBe(true)
  expect(await isAlive(pool, 'there')).toBe(false)
  expect(await isAlive(pool, 'nowhere')).toBe(false)

  await beat(pool, heartbeat('there'))
  expect(await isAlive(pool, 'there')).toBe(true)
})

test('a worker that leaves takes its circuits along, and nobody else', async ({ db, pool }) => {
  const [gone, stays] = [heartbeat(), heartbeat()]
  for (const it of [gone, stays]) {
    await beat(pool, it)
    await db
      .insert(circuits)
      .values({ destination: 'http://a.test', workerId: it.id, state: 'open', failures: 5, updatedAt: ago(1) })
  }

  await leave(pool, gone.id)

  expect(await db.select({ id: workers.id }).from(workers)).toEqual([{ id: stays.id }])
  expect(await db.select({ id: circuits.workerId }).from(circuits)).toEqual([{ id: stays.id }])
})
