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

  expect(await busyDestinations(pool)).toEqual([
    { destination: 'http://b.test', reason: 'circuit_open' },
    { destination: 'http://open.test', reason: 'circuit_open' },
    { destination: 'http://a.test', reason: 'destination_busy' },
    { destination: 'http://b.test', reason: 'destination_busy' },
  ])
})

test('no destination is busy in an empty database', async ({ pool }) => {
  expect(await busyDestinations(pool)).toEqual([])
})

test('the list ends after the five hundredth', async ({ db, pool }) => {
  const name = (i: number) => `http://${String(i).padStart(4, '0')}.test`
  await db.insert(executions).values(Array.from({ length: 510 }, (_, i) => parked(name(i))))

  const listed = await busyDestinations(pool)

  expect(listed).toHaveLength(500)
  expect(listed.at(-1)?.destination).toBe(name(499))
})
