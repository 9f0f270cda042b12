import type { NotifyEvent } from '@scheduler/core/delivery'
import { expect } from 'vitest'
import { test } from '../../test/database.ts'
import { event, handleAll, told } from '../../test/events.ts'
import { ago, job } from '../../test/factories.ts'
import type { Pool } from '../client.ts'
import { events, jobs } from '../schema/index.ts'
import { MOST_TOLD } from './circuit-notifications.ts'

const destination = 'http://receiver.test'
const opened = () =>
  event({ type: 'circuit.opened', destination, data: { failures: 5, parked: 2, cause: 'failures' }, at: ago(3) })

const at = (url: string, fields: Parameters<typeof job>[0] = {}, only?: NotifyEvent[]) =>
  job({ delivery: { notify: only ? { url, events: only } : { url } }, ...fields })

const urls = async (pool: Pool) => (await told(pool)).map(({ url }) => url).sort()

test('of a circuit the instance is told, and once each URL that jobs of its destination gave', async ({ db, pool }) => {
  const shared = 'http://a.test/shared'
  await db
    .insert(jobs)
    .values([
      ...[
        at(shared),
        at(shared),
        at('http://b.test/'),
        job(),
        job({ delivery: { notify: null } as object }),
        at('http://asks.test/', {}, ['circuit.opened']),
      ],
      at('http://asks-other.test/', {}, ['job.failing', 'circuit.closed']),
      at('http://elsewhere.test/', { destination: 'http://other.test' }),
      at('http://deleted.test/', { deletedAt: ago(1) }),
      at('http://instance.test/'),
    ])
  await db.insert(events).values(opened())

  await handleAll(pool, 'http://instance.test/')

  expect(await urls(pool)).toEqual([
    'http://a.test/shared',
    'http://asks.test/',
    'http://b.test/',
    'http://instance.test/',
  ])
  const all = await told(pool)
  expect(all.filter((it) => it.toInstance)).toMatchObject([{ url: 'http://instance.test/', jobId: null }])
  expect(all[0]).toMatchObject({
    type: 'circuit.opened',
    data: { destination, failures: 5, parked: 2, cause: 'failures' },
  })
  expect(all.every((it) => it.toInstance || it.jobId)).toBe(true)
})

test('no more than a thousand URLs are told of one change', async ({ db, pool }) => {
  await db.insert(jobs).values(Array.from({ length: MOST_TOLD + 5 }, (_, i) => at(`http://told.test/${i}`)))
  await db.insert(events).values(opened())

  await handleAll(pool)

  expect(new Set(await urls(pool)).size).toBe(MOST_TOLD)
})
