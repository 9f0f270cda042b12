import { redrive, redriveOne } from '@scheduler/db/queries/redrive'
import { test } from '@scheduler/db/test/queue'
import { expect, onTestFinished } from 'vitest'
import { createOnceJobs, ledger, many, states } from '../test/jobs.ts'
import { startParts } from '../test/parts.ts'
import { startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'

async function start(databaseUrl: string) {
  const receiver = await startReceiver((_, response) => response.writeHead(500).end())
  onTestFinished(() => receiver.close())
  const parts = await startParts(databaseUrl, { failMax: 100 })
  onTestFinished(() => parts.close())
  return { receiver, parts }
}

test('what failed for good and is redriven reaches the receiver again, with the same id and the next attempt number', async ({
  pool,
  databaseUrl,
  boss,
}) => {
  const { receiver, parts } = await start(databaseUrl)
  await createOnceJobs(pool, [{ url: `${receiver.origin}/a`, payload: '{"n":1}' }])
  await until('the only attempt to fail', async () => (await states(pool)).failed === 1)
  receiver.answer = (_, response) => response.end('ok')
  const [dead] = await ledger(pool)

  await redriveOne(pool, boss, dead?.id ?? '')
  parts.claimer.wake()

  await until('it to succeed', async () => (await states(pool)).succeeded === 1)
  expect(receiver.arrivals.map(({ id, attempt, body }) => [id, attempt, String(body)])).toEqual([
    [dead?.id, 1, '{"n":1}'],
    [dead?.id, 2, '{"n":1}'],
  ])
})

test('a redrive at a rate spreads what it sends, and each is sent once', async ({ pool, databaseUrl, boss }) => {
  const { receiver, parts } = await start(databaseUrl)
  await createOnceJobs(pool, many(6, { url: `${receiver.origin}/a` }))
  await until('all to fail', async () => (await states(pool)).failed === 6)
  const came: number[] = []
  receiver.answer = (_, response) => {
    came.push(performance.now())
    response.end('ok')
  }

  const [first, second] = await Promise.all([1, 2].map(() => redrive(pool, boss, { limit: 10, perSecond: 20 })))
  expect((first?.executions ?? 0) + (second?.executions ?? 0)).toBe(6)
  parts.claimer.wake()
  parts.dispatcher.wake()

  await until('all to succeed', async () => (await states(pool)).succeeded === 6)
  expect(came).toHaveLength(6)
  // 50 ms apart: five intervals, less what the first was late.
  expect((came.at(-1) ?? 0) - (came[0] ?? 0)).toBeGreaterThan(150)
})
