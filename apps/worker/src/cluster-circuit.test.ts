import { test } from '@scheduler/db/test/database'
import { expect, onTestFinished } from 'vitest'
import { circuitChanges } from '../test/circuits.ts'
import { attempts, createOnceJobs, ledger, many, states } from '../test/jobs.ts'
import { type PartsOptions, startParts } from '../test/parts.ts'
import { type Answer, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'

async function cluster(databaseUrl: string, workers: number, options: PartsOptions) {
  const all = await Promise.all(Array.from({ length: workers }, () => startParts(databaseUrl, options)))
  onTestFinished(async () => void (await Promise.all(all.map((it) => it.close()))))
  return all
}

async function receiving(answer: Answer) {
  const receiver = await startReceiver(answer)
  onTestFinished(receiver.close)
  return receiver
}

test('while it is open one attempt goes out for each reset time, of all workers together, and none is used up by it', async ({
  pool,
  databaseUrl,
}) => {
  let isUp = false
  const here = await receiving((_, response) => void response.writeHead(isUp ? 200 : 503).end())
  await createOnceJobs(pool, many(200, { url: `${here.origin}/` }))
  await cluster(databaseUrl, 3, { resetMs: 300 })
  await until('it to open', async () => (await circuitChanges(pool)).length > 0)
  await until('three probes to fail', async () => {
    return (await circuitChanges(pool)).filter(({ cause }) => cause === 'probe_failed').length >= 3
  })
  isUp = true
  await until(
    'the end of all',
    async () => {
      const { succeeded = 0, failed = 0 } = await states(pool)
      return succeeded + failed === 200
    },
    20_000,
  )
  const causes = (await circuitChanges(pool)).map(({ cause }) => cause)
  const { rows } = await pool.query(`
    -- A claim may have read that it was closed a moment before; a probe comes after three times as long.
    select count(*)::int as while_open from executions e
    join circuit_changes o on o.cause = 'failures'
    join circuit_changes c on c.cause = 'probe_succeeded'
    where e.claimed_at > o.at + interval '100 ms' and e.claimed_at < c.at`)
  expect(rows[0].while_open, 'only the probes').toBeLessThanOrEqual(causes.filter((it) => it === 'probe').length)
  expect(causes.filter((it) => it === 'failures')).toHaveLength(1)
  expect((await ledger(pool)).every((it) => it.attempt === 1)).toBe(true)
  expect((await attempts(pool)).length).toBe(200)
})

test('a circuit that one worker opened is open for one that never called the destination', async ({
  pool,
  databaseUrl,
}) => {
  const here = await receiving((_, response) => void response.writeHead(500).end())
  const [first] = await cluster(databaseUrl, 1, {})
  await createOnceJobs(pool, many(5, { url: `${here.origin}/` }))
  first?.dispatcher.wake()
  await until('it to open', async () => (await circuitChanges(pool)).length > 0)
  await first?.close()
  await createOnceJobs(pool, many(20, { url: `${here.origin}/` }))
  await cluster(databaseUrl, 1, {})
  await until('all to be parked', async () => (await states(pool)).parked === 20)
  expect(here.arrivals).toHaveLength(5)
})

test('a circuit that was opened by hand lets nothing through, and once it is closed all goes out', async ({
  pool,
  databaseUrl,
}) => {
  const here = await receiving((_, response) => void response.end())
  const { changeCircuit } = await import('@scheduler/db/queries/change-circuit')
  await changeCircuit(pool, here.origin, { to: 'open', seconds: null })
  const [worker] = await cluster(databaseUrl, 1, {})
  await createOnceJobs(pool, many(30, { url: `${here.origin}/` }))
  worker?.dispatcher.wake()
  await until('all to be parked', async () => (await states(pool)).parked === 30)
  expect(here.arrivals).toHaveLength(0)
  await changeCircuit(pool, here.origin, { to: 'closed', cause: 'closed', failures: 4 })
  worker?.keeper.ask(here.origin)
  await until('all to arrive', () => here.arrivals.length === 30)
})
