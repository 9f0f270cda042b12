import { createDb } from '@scheduler/db/client'
import { cancelUnfinished } from '@scheduler/db/queries/cancel-unfinished'
import { toCancel } from '@scheduler/db/queries/to-cancel'
import { jobs } from '@scheduler/db/schema/index'
import { test } from '@scheduler/db/test/database'
import { ago, job, repeating } from '@scheduler/db/test/factories'
import { transaction } from '@scheduler/db/transaction'
import { expect, onTestFinished } from 'vitest'
import { ledger, states } from '../test/jobs.ts'
import { startParts } from '../test/parts.ts'
import { type Answer, startReceiver } from '../test/receiver.ts'

const soon = { timeout: 10_000, interval: 20 }

/** A worker, a receiver, and a job whose last `due` occurrences, a minute apart, are due. */
async function start(databaseUrl: string, due: number, answer?: Answer) {
  const receiver = await startReceiver(answer)
  const parts = await startParts(databaseUrl)
  onTestFinished(async () => {
    await parts.close()
    await receiver.close()
  })
  const first = ago(60 * (due - 1) + 1)
  const row = job({
    nextRunAt: first,
    schedule: repeating({ minutes: 1 }, first),
    policies: { overlap: 'skip', misfire: { policy: 'all', graceSeconds: 86_400 } },
    ...{ callbackUrl: `${receiver.origin}/slow`, destination: receiver.origin, callbackHost: '127.0.0.1' },
  })
  await createDb(parts.pool).insert(jobs).values(row)
  parts.dispatcher.wake()
  return { receiver, parts, row }
}

test('executions that wait for each other are sent one after the other, each as soon as the one before is settled', async ({
  databaseUrl,
  pool,
}) => {
  const { receiver } = await start(databaseUrl, 4, (_, response) => setImmediate(() => response.end('ok')))

  await expect.poll(() => states(pool), soon).toEqual({ succeeded: 4 })

  expect(receiver.mostOpen).toBe(1)
  const times = receiver.arrivals.map(({ headers }) => String(headers['x-scheduler-scheduled-for']))
  expect(times).toEqual(times.toSorted())
})

test('an attempt that is to make room for a newer one is broken off by the worker that has it', async ({
  databaseUrl,
  pool,
}) => {
  const closed: string[] = []
  const { receiver, parts, row } = await start(databaseUrl, 1, (arrival, response) => {
    response.once('close', () => closed.push(arrival.id))
  })
  await expect.poll(() => receiver.arrivals.length, soon).toBe(1)
  const [running] = await ledger(pool)

  expect(await toCancel(pool, parts.launcher.flying())).toEqual([])
  await transaction(pool, (client) => cancelUnfinished(client, [row.id], ago(0)))
  const ids = await toCancel(pool, parts.launcher.flying())
  expect(ids).toEqual([running?.id])
  parts.launcher.cancel('another')
  for (const id of ids) parts.launcher.cancel(id)

  await expect.poll(() => ledger(pool), soon).toMatchObject([{ state: 'cancelled', reason: 'superseded' }])
  await expect.poll(() => closed, soon).toEqual([running?.id])
})
