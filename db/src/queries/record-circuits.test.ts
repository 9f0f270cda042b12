import { expect } from 'vitest'
import { test } from '../../test/database.ts'
import { ago, ahead } from '../../test/factories.ts'
import { circuits } from '../schema/index.ts'
import { newWorkerId } from '../worker-id.ts'
import { recordCircuits } from './record-circuits.ts'

const closed = (destination: string) => ({
  ...{ destination, failures: 0, openedAt: null, retryAt: null },
  state: 'closed' as const,
})

test('each worker has its own row for a destination, and writes over it', async ({ db, pool }) => {
  const [me, other] = [newWorkerId(), newWorkerId()]
  const open = {
    destination: 'http://a.test',
    state: 'open' as const,
    failures: 5,
    openedAt: ago(1),
    retryAt: ahead(59),
  }
  await recordCircuits(pool, me, [closed('http://a.test'), closed('http://b.test')])
  await recordCircuits(pool, other, [closed('http://a.test')])

  await recordCircuits(pool, me, [open])

  const rows = await db.select().from(circuits).orderBy(circuits.destination, circuits.workerId)
  expect(rows).toMatchObject([
    { ...open, workerId: me },
    { ...closed('http://a.test'), workerId: other },
    { ...closed('http://b.test'), workerId: me },
  ])
})

test('no circuits, no statement', async ({ db, pool }) => {
  await recordCircuits(pool, newWorkerId(), [])

  expect(await db.$count(circuits)).toBe(0)
})
