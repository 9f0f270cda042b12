import { expect } from 'vitest'
import { test } from '../../test/database.ts'
import { execution } from '../../test/factories.ts'
import { executions } from '../schema/index.ts'
import { busyDestinations } from './busy-destinations.ts'

const parked = (destination: string, reason: 'destination_busy' | 'circuit_open' = 'destination_busy') =>
  execution({ state: 'parked', reason, destination })

test('each destination with parked executions is listed once for each reason, in order', async ({ db, pool }) => {
  await db
    .insert(executions)
    .values([
      ...Array.from({ length: 5 }, () => parked('http://b.test')),
      parked('http://a.test'),
      parked('http://open.test', 'circuit_open'),
      parked('http://b.test', 'circuit_open'),
      execution({ state: 'waiting', reason: 'rejected', destination: 'http://waits.test' }),
      execution({ destination: 'http://queued.test' }),
    ])

  expect((await busyDestinations(pool, null)).found).toEqual([
    { destination: 'http://b.test', reason: 'circuit_open' },
    { destination: 'http://open.test', reason: 'circuit_open' },
    { destination: 'http://a.test', reason: 'destination_busy' },
    { destination: 'http://b.test', reason: 'destination_busy' },
  ])
})

test('no destination is busy in an empty database', async ({ pool }) => {
  expect(await busyDestinations(pool, null)).toEqual({ found: [], next: null })
})

test('a look finds five hundred, and the next goes on from there, across reasons, to the last', async ({
  db,
  pool,
}) => {
  const name = (i: number) => `http://${String(i).padStart(4, '0')}.test`
  const open = Array.from({ length: 510 }, (_, i) => parked(name(i), 'circuit_open'))
  await db.insert(executions).values([...open, parked(name(3)), parked(name(600))])

  const first = await busyDestinations(pool, null)
  const second = await busyDestinations(pool, first.next)

  expect(first.found).toHaveLength(500)
  expect(first.next).toEqual({ destination: name(499), reason: 'circuit_open' })
  expect(second.found).toHaveLength(12)
  expect(second.found.slice(-3)).toEqual([
    { destination: name(509), reason: 'circuit_open' },
    { destination: name(3), reason: 'destination_busy' },
    { destination: name(600), reason: 'destination_busy' },
  ])
  expect(second.next).toBeNull()
})
