import { expect } from 'vitest'
import { event, notification } from '../../test/events.ts'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { queueUp, test, worker } from '../../test/queue.ts'
import { events, executions, jobs, notifications } from '../schema/index.ts'
import { lookAhead } from './look-ahead.ts'

test('nothing is due in an empty database', async ({ pool }) => {
  const { now, ...rest } = await lookAhead(pool)

  expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(5_000)
  const nothing = { nextRunAt: null, nextAttemptAt: null, pausedUntil: null, ackDeadlineAt: null }
  expect(rest).toEqual({ ...nothing, nextNotificationAt: null, itemsWait: false, eventsWait: false })
})

test('the soonest job and the soonest waiting execution are told, whether they are due or still to come', async ({
  db,
  pool,
}) => {
  const [past, future] = [ago(5), ahead(5)]
  await db
    .insert(jobs)
    .values([job({ nextRunAt: ahead(90) }), job({ nextRunAt: past }), job({ status: 'paused', nextRunAt: null })])
  await db
    .insert(executions)
    .values([
      execution({ state: 'parked', reason: 'circuit_open', nextAttemptAt: ago(90) }),
      execution({ state: 'waiting', nextAttemptAt: ahead(90) }),
      execution({ state: 'waiting', nextAttemptAt: future }),
      execution({ state: 'failed' }),
    ])

  expect(await lookAhead(pool)).toMatchObject({ nextRunAt: past, nextAttemptAt: future })
})

test('events wait until they are dealt with, and the soonest notification is told', async ({ db, pool }) => {
  const soonest = ahead(5)
  await db.insert(events).values(event())
  await db
    .insert(notifications)
    .values([notification({ nextAttemptAt: ahead(90) }), notification({ nextAttemptAt: soonest }), notification({})])
  expect(await lookAhead(pool)).toMatchObject({ eventsWait: true, nextNotificationAt: soonest })

  await db.delete(events)
  expect(await lookAhead(pool)).toMatchObject({ eventsWait: false })
})

test('items wait as long as nobody has claimed them', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  expect(await lookAhead(pool)).toMatchObject({ itemsWait: true })

  await worker(pool, boss).claim()
  expect(await lookAhead(pool)).toMatchObject({ itemsWait: false })
})
