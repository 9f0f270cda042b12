import { attempts, executions, workers } from '@scheduler/db/schema/index'
import { expect } from 'vitest'
import { test } from '../db/test/database.ts'
import { ago, execution } from '../db/test/factories.ts'
import { readLedger, workerPids } from './ledger.ts'

test('the ledger is read with its times in ms, and its workers by their process ids', async ({ db, pool }) => {
  const [first, last] = [ago(10.123), ago(5)]
  const sent = execution({ state: 'succeeded', attempt: 2, scheduledFor: first })
  const run = { reason: 'paused', scheduledUntil: ago(6), count: 3 } as const
  const unsent = execution({ ...run, state: 'skipped', scheduledFor: ago(8), jobId: sent.jobId })
  const live = execution({ state: 'waiting', scheduledFor: last, kind: 'manual' })
  await db.insert(executions).values([live, unsent, sent])
  const [known, gone] = [execution().id, execution().id]
  await db.insert(workers).values({ id: known, hostname: 'here', pid: 4711, startedAt: first, heartbeatAt: first })
  const of = { executionId: sent.id, scheduledFor: first, startedAt: first, finishedAt: last, jobVersion: 1 }
  await db.insert(attempts).values([
    { ...of, attempt: 2, outcome: 'succeeded', status: 200, workerId: known },
    { ...of, attempt: 1, outcome: 'abandoned', workerId: gone },
  ])

  const pids = await workerPids(pool)
  expect(pids).toEqual(new Map([[known, 4711]]))
  const read = await readLedger(pool, pids)
  const common = { kind: 'schedule', jobId: sent.jobId, attempt: 0, count: 1, reason: null, scheduledUntil: null }
  expect(read.ledger).toEqual([
    { ...common, id: sent.id, state: 'succeeded', attempt: 2, scheduledFor: +first, finishedAt: +first },
    {
      ...{ ...common, id: unsent.id, state: 'skipped', reason: 'paused', count: 3 },
      ...{ scheduledFor: +unsent.scheduledFor, scheduledUntil: +run.scheduledUntil, finishedAt: +unsent.scheduledFor },
    },
    {
      ...{ ...common, id: live.id, jobId: live.jobId, kind: 'manual', state: 'waiting', attempt: 1 },
      ...{ scheduledFor: +last, finishedAt: null },
    },
  ])
  const times = { executionId: sent.id, startedAt: +first, finishedAt: +last }
  expect(read.attempts).toEqual([
    { ...times, attempt: 1, outcome: 'abandoned', status: null, pid: null },
    { ...times, attempt: 2, outcome: 'succeeded', status: 200, pid: 4711 },
  ])
})
