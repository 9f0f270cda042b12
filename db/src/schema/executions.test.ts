import { expect } from 'vitest'
import { test } from '../../test/database.ts'
import { ago, execution } from '../../test/factories.ts'
import { executions } from './executions.ts'

const refused = [
  ['a final state without the time it ended', { state: 'succeeded', finishedAt: null }, 'finished_iff_final'],
  ['an end in a state that is not final', { state: 'queued', finishedAt: ago(1) }, 'finished_iff_final'],
  [
    'a held execution that nobody will dispatch again',
    { state: 'waiting', nextAttemptAt: null },
    'next_attempt_iff_held',
  ],
  ['a next attempt of one that is not held', { state: 'running', nextAttemptAt: ago(1) }, 'next_attempt_iff_held'],
  ['an attempt in flight that is not counted', { state: 'running', attempt: 0 }, 'sent_has_attempt'],
  ['a success without an attempt', { state: 'succeeded', attempt: 0 }, 'sent_has_attempt'],
  ['a negative attempt', { attempt: -1 }, 'attempt_not_negative'],
  ['a row that stands for no occurrence', { state: 'skipped', count: 0 }, 'count_positive'],
] as const

test.for(refused)('the ledger refuses %s', async ([, fields, rule], { db }) => {
  const failure = await db
    .insert(executions)
    .values(execution(fields))
    .catch((error: unknown) => error)

  expect(failure).toMatchObject({ cause: { constraint: `executions_${rule}` } })
})

test('the ledger takes one execution of an occurrence, and another of each further kind', async ({ db }) => {
  const first = execution()
  const again = { jobId: first.jobId, scheduledFor: first.scheduledFor }
  await db.insert(executions).values([first, execution({ ...again, kind: 'manual' })])

  const failure = await db
    .insert(executions)
    .values(execution(again))
    .catch((error: unknown) => error)

  expect(failure).toMatchObject({
    cause: { constraint: expect.stringMatching(/^executions_.*job_id_scheduled_for_kind_key$/) },
  })
  expect(await db.$count(executions)).toBe(2)
})

test('an instant that is read is the instant that was written, to the millisecond', async ({ db, pool }) => {
  const scheduledFor = new Date('2024-06-01T12:34:56.789Z')
  await db.insert(executions).values(execution({ scheduledFor }))
  await pool.query(`update executions set created_at = '2024-06-01T12:34:56.7894Z'`)

  const [row] = await db.select().from(executions)

  expect(row).toMatchObject({ scheduledFor, createdAt: scheduledFor })
  expect((await pool.query('select from executions where created_at = $1', [scheduledFor])).rowCount).toBe(1)
})
