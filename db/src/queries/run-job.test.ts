import { expect } from 'vitest'
import { job } from '../../test/factories.ts'
import { queueItems, test } from '../../test/queue.ts'
import { executions, jobs } from '../schema/index.ts'
import { limitFlow } from './flow-limits.ts'
import { runJob } from './run-job.ts'

test('a run of a job whose destination is limited is parked for it, once', async ({ db, pool, boss }) => {
  const limited = job()
  await db.insert(jobs).values(limited)
  await limitFlow(pool, 'destination', limited.destination, { rate: null, concurrency: null, paused: true })

  const { execution } = await runJob(pool, boss, limited.id as string)

  expect(execution).toMatchObject({ kind: 'manual', state: 'parked', reason: 'destination_limited' })
  expect(await db.select().from(executions)).toMatchObject([{ id: execution.id }])
  expect(await queueItems(pool)).toEqual([])
})

test('runs of a job within one millisecond are as many executions', async ({ db, pool, boss }) => {
  const often = job()
  await db.insert(jobs).values(often)
  const runs = await Promise.all(Array.from({ length: 8 }, () => runJob(pool, boss, often.id as string)))
  expect(new Set(runs.map(({ execution }) => execution.scheduledFor.getTime())).size).toBe(8)
  expect(await queueItems(pool)).toHaveLength(8)
})
