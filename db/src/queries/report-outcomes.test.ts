import { closedCircuit } from '@scheduler/core/shared-circuit'
import { expect } from 'vitest'
import { test } from '../../test/queue.ts'
import type { Pool } from '../client.ts'
import { changeCircuit } from './change-circuit.ts'
import { listCircuits } from './list-circuits.ts'
import { reportOutcomes } from './report-outcomes.ts'
import { readCircuits } from './shared-circuits.ts'

const HERE = 'http://here.test'
const settings = { failMax: 5, resetMs: 60_000 }

const report = (pool: Pool, fields: object, destination = HERE) =>
  reportOutcomes(pool, [{ destination, succeeded: false, failures: 0, ...fields }], settings)

const changes = async (pool: Pool) =>
  (await pool.query('select destination, state::text, cause, failures, parked from circuit_changes order by id')).rows

test('workers that tell of failures at once open the circuit once, at the fifth of all together', async ({ pool }) => {
  const told = await Promise.all(Array.from({ length: 8 }, () => report(pool, { failures: 1 })))

  expect(told.flatMap((it) => it.changed)).toHaveLength(1)
  expect(await changes(pool)).toEqual([{ destination: HERE, state: 'open', cause: 'failures', failures: 5, parked: 0 }])
  const { rows } = await pool.query(`select type, destination, data from events`)
  expect(rows).toEqual([
    { type: 'circuit.opened', destination: HERE, data: { state: 'open', cause: 'failures', failures: 5, parked: 0 } },
  ])
  const [circuit] = (await listCircuits(pool, { limit: 1, after: null })).rows
  expect(circuit).toMatchObject({ destination: HERE, state: 'open', failures: 5 })
  expect(Number(circuit?.retryAt) - Number(circuit?.openedAt)).toBe(60_000)
})

test('a success in between begins the count anew, and nothing is written into the history', async ({ pool }) => {
  await report(pool, { failures: 4 })
  await report(pool, { succeeded: true, failures: 1 })
  expect(await readCircuits(pool, [HERE])).toMatchObject([{ state: 'closed', failures: 1 }])
  expect(await changes(pool)).toEqual([])
})

test('reports of several destinations are each for their own, and two that name them in other orders block nobody', async ({
  pool,
}) => {
  const names = Array.from({ length: 20 }, (_, n) => `http://${n}.test`)
  const all = names.map((destination) => ({ destination, succeeded: false, failures: 1 }))
  await Promise.all(
    [all, all.toReversed(), all, all.toReversed()].map((reports) => reportOutcomes(pool, reports, settings)),
  )
  expect((await readCircuits(pool, names)).map((it) => it.failures)).toEqual(names.map(() => 4))
})

test('all workers are told of a change, with its destination, when it is committed', async ({ pool }) => {
  const heard: string[] = []
  const listener = await pool.connect()
  listener.on('notification', ({ payload = '' }) => heard.push(payload))
  await listener.query('listen scheduler_circuit')
  await report(pool, { failures: 5 })
  await listener.query('select 1')
  listener.release(true)
  expect(heard).toEqual([HERE])
})

test('an open circuit takes only what its probe shows', async ({ pool }) => {
  const probe = '0199b1f6-1d22-7a10-8b3c-5e4f2a1b8c4d'
  await report(pool, { failures: 5 })
  await pool.query(
    `update destinations set state = 'half_open', probe_id = $1, probe_until = now() + interval '1 minute'`,
    [probe],
  )
  await report(pool, { failures: 3 })
  await report(pool, {
    succeeded: true,
    probe: { id: '0199b1f6-1d22-7a10-8b3c-000000000000', isUp: true, wasSent: true },
  })
  expect(await readCircuits(pool, [HERE])).toMatchObject([{ state: 'half_open', failures: 5 }])
  await report(pool, { succeeded: true, probe: { id: probe, isUp: true, wasSent: true } })
  const [circuit] = await readCircuits(pool, [HERE])
  expect(circuit).toMatchObject({ ...closedCircuit, drainingSince: expect.any(Number), drained: 0 })
  expect((await changes(pool)).map((it) => it.cause)).toEqual(['failures', 'probe_succeeded'])
})

test('by hand a circuit opens for all until it is closed by hand, or for so many seconds', async ({ pool }) => {
  await changeCircuit(pool, HERE, { to: 'open', seconds: null })
  expect(await readCircuits(pool, [HERE])).toMatchObject([{ state: 'open', retryAt: null }])
  await changeCircuit(pool, HERE, { to: 'open', seconds: 90 })
  const [circuit] = await readCircuits(pool, [HERE])
  expect(circuit?.retryAt).toBeGreaterThan(Date.now() + 80_000)
  await changeCircuit(pool, HERE, { to: 'closed', cause: 'closed', failures: 4 })
  expect(await readCircuits(pool, [HERE])).toMatchObject([{ state: 'closed', failures: 4, openedAt: null }])
  await report(pool, { failures: 1 })
  expect((await changes(pool)).map((it) => it.cause)).toEqual(['opened', 'opened', 'closed', 'failures'])
})
