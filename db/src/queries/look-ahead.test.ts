import { expect } from 'vitest'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { queueUp, test, worker } from '../../test/queue.ts'
import { executions, jobs } from '../schema/index.ts'
import { lookAhead } from './look-ahead.ts'

test('nothing is due in an empty database', async ({ pool }) => {
  const { now, ...rest } = await lookAhead(pool)

  expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(5_000)
  expect(rest).toEqual({
    nextRunAt: null,
    nextAttemptAt: null,
    pausedUntil: null,
    ackDeadlineAt: null,
    itemsWait: false,
  })
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

test('items wait as long as nobody has claimed them', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  expect(await lookAhead(pool)).toMatchObject({ itemsWait: true })

  await worker(pool, boss).claim()
  expect(await lookAhead(pool)).toMatchObject({ itemsWait: false })
})
