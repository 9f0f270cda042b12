import { expect } from 'vitest'
import { job } from '../../test/factories.ts'
import { begin, test, untilBlocked } from '../../test/queue.ts'
import { jobs } from '../schema/index.ts'
import { deleteJob } from './delete-job.ts'
import { lockExternalId } from './lock-external-id.ts'

test('a second caller waits for the first, also where there is no job yet; one with another id does not', async ({
  db,
  pool,
}) => {
  const [first, second, third] = [await begin(pool), await begin(pool), await begin(pool)]
  expect(await lockExternalId(first, 'x')).toBeNull()
  const waiting = lockExternalId(second, 'x')
  await untilBlocked(pool, 1)
  expect(await lockExternalId(third, 'y')).toBeNull()
  const made = job({ externalId: 'x' })
  await db.insert(jobs).values(made)
  await first.query('commit')
  expect(await waiting).toEqual({ id: made.id, type: 'interval' })
})

test('a job that is deleted while its lock is waited for is not found', async ({ db, pool }) => {
  const made = job({ externalId: 'x' })
  await db.insert(jobs).values(made)
  const [deleting, asking] = [await begin(pool), await begin(pool)]
  await deleteJob(deleting, made.id, () => true)
  const found = lockExternalId(asking, 'x')
  await untilBlocked(pool, 1)
  await deleting.query('commit')
  expect(await found).toBeNull()
})

test('its job stays as it is until the transaction ends', async ({ db, pool }) => {
  const made = job({ externalId: 'x' })
  await db.insert(jobs).values(made)
  const holding = await begin(pool)
  await lockExternalId(holding, 'x')
  const deleted = deleteJob(pool, made.id, () => true)
  await untilBlocked(pool, 1)
  await holding.query('commit')
  await deleted
})
