import { executions } from '@scheduler/db/schema/executions'
import { test } from '@scheduler/db/test/database'
import { ago, execution } from '@scheduler/db/test/factories'
import { expect } from 'vitest'
import { databaseNow, drain, readLedger, unsent } from './soak-ledger.ts'
import { insertSoakJobs } from './soak-load.ts'

const url = 'http://127.0.0.1:1/soak'

test('what is due and not sent is late by now: an unfinished execution, and a job that nobody has dispatched', async ({
  db,
  pool,
}) => {
  await insertSoakJobs(pool, 0.1, url)
  expect(await unsent(pool)).toEqual([])
  await pool.query(
    `update jobs set next_run_at = now() - interval '3 s', next_scheduled_for = now() - interval '3 s'
     where id = (select id from jobs limit 1)`,
  )
  await db.insert(executions).values(execution({ state: 'queued', scheduledFor: ago(7) }))
  const late = (await unsent(pool)).toSorted((a, b) => a - b)
  expect(late).toHaveLength(2)
  expect(late[0]).toBeGreaterThanOrEqual(3_000)
  expect(late[1]).toBeGreaterThanOrEqual(7_000)
})

test('a drain stops what is to come, and counts what unedited jobs have had; the ledger is held against it', async ({
  db,
  pool,
}) => {
  const began = await databaseNow(pool)
  const [first, second] = await insertSoakJobs(pool, 0.1, url)
  const later = `next_run_at = next_run_at + interval '2 min', next_scheduled_for = next_scheduled_for + interval '2 min'`
  await pool.query(`update jobs set ${later}`)
  await pool.query('update jobs set version = 2 where id = $1', [second?.id])
  const at = (job: typeof first, minutes: number) => ({
    ...{ jobId: job?.id ?? '', scheduledFor: new Date((job?.at ?? 0) + minutes * 60_000) },
  })
  const sent = { state: 'succeeded', attempt: 1, finishedAt: new Date() } as const
  await db
    .insert(executions)
    .values([
      execution({ ...at(first, 0), ...sent }),
      execution({ ...at(second, 0), ...sent, state: 'cancelled', reason: 'deleted' }),
      execution({ ...at(second, 1), ...sent, state: 'skipped', reason: 'missed_grace', attempt: 0 }),
    ])

  // Five jobs of two occurrences each, of which the ledger has one.
  expect(await drain(pool)).toBe(10)
  expect(await readLedger(pool, began, new Date((second?.at ?? 0) + 1))).toEqual({
    ...{ succeeded: 1, cancelled: 1, cancelledLast: 0, unfinished: 0, others: ['1 skipped missed_grace'], unedited: 1 },
  })
  expect((await pool.query('select from jobs where next_run_at is not null')).rowCount).toBe(0)
})
