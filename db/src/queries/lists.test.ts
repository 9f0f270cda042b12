import { expect } from 'vitest'
import { test } from '../../test/database.ts'
import { explaining } from '../../test/explaining.ts'
import { fillUnlucky, idOf } from '../../test/unlucky.ts'
import type { Pool } from '../client.ts'
import { transaction } from '../transaction.ts'
import { chooseDead } from './choose-dead.ts'
import { listCircuitChanges } from './circuit-changes.ts'
import { listFlows } from './flow-limits.ts'
import { jobsKeptBack, jobsWithin } from './jobs-of-blackout.ts'
import { listBlackouts } from './list-blackouts.ts'
import { listCircuits, readCircuit } from './list-circuits.ts'
import { listDeadLetters } from './list-dead-letters.ts'
import { listExecutions } from './list-executions.ts'
import { listJobs } from './list-jobs.ts'
import type { DeadLetterFilters } from './meant-dead-letters.ts'
import { listNotifications } from './notifications.ts'
import { MOST_WALKED } from './walk.ts'

/** What a request may read besides its walk: the rows of the page, and what belongs to them. */
const PAGE = 500

const first = { limit: 50, after: null }
const [soon, later] = [new Date(Date.now() - 1e9), new Date(Date.now() + 1e12)]

type Run = (pool: Pool) => Promise<unknown>

const choose = (pool: Pool, filters: DeadLetterFilters) =>
  transaction(pool, (client) => chooseDead(client, { filters, limit: 1 }))

/** Lists and counts with the unluckiest filters, and how many walks each may take. */
const cases: [string, number, Run][] = [
  ['jobs, of which the newest are deleted', 1, (pool) => listJobs(pool, {}, first)],
  ['jobs of a rare type', 1, (pool) => listJobs(pool, { type: 'rrule' }, first)],
  ['jobs of no status', 1, (pool) => listJobs(pool, { status: 'paused' }, first)],
  ['active jobs of a rare type', 1, (pool) => listJobs(pool, { status: 'active', type: 'rrule' }, first)],
  ['completed jobs of a rare type', 1, (pool) => listJobs(pool, { status: 'completed', type: 'rrule' }, first)],
  [
    'jobs of a common host and a rare type',
    1,
    (pool) => listJobs(pool, { callbackHost: 'a.test', type: 'rrule' }, first),
  ],
  ['jobs of a rare host', 1, (pool) => listJobs(pool, { callbackHost: 'rare.test' }, first)],
  ['jobs of an external_id of many', 1, (pool) => listJobs(pool, { externalId: 'many', type: 'rrule' }, first)],
  ['jobs of a rare tag', 1, (pool) => listJobs(pool, { tag: 'rare' }, first)],
  ['jobs of nobody’s tag', 1, (pool) => listJobs(pool, { tag: 'none' }, first)],
  ['executions of a rare state', 1, (pool) => listExecutions(pool, { state: 'expired' }, first)],
  ['executions of nobody’s destination', 1, (pool) => listExecutions(pool, { destination: 'http://none.test' }, first)],
  ['waiting executions, where many are unfinished', 2, (pool) => listExecutions(pool, { state: 'waiting' }, first)],
  [
    'a stretch of time',
    1,
    (pool) => listExecutions(pool, { state: 'failed', from: soon, to: later, destination: 'x' }, first),
  ],
  [
    'a job’s executions of a rare state',
    1,
    (pool) => listExecutions(pool, { jobId: idOf(2), state: 'expired' }, first),
  ],
  ['a job’s waiting executions', 2, (pool) => listExecutions(pool, { jobId: idOf(3), state: 'waiting' }, first)],
  ['the executions of a job with one', 1, (pool) => listExecutions(pool, { jobId: idOf(1) }, first)],
  ['dead letters of a rare reason', 1, (pool) => listDeadLetters(pool, { reason: 'worker_crashed' }, first)],
  [
    'dead letters of a rare destination',
    1,
    (pool) => listDeadLetters(pool, { destination: 'http://rare.test' }, first),
  ],
  [
    'dead letters of a job with many executions',
    2,
    (pool) => listDeadLetters(pool, { jobId: idOf(2), reason: 'worker_crashed' }, first),
  ],
  ['dead letters of a job with one', 1, (pool) => listDeadLetters(pool, { jobId: idOf(1) }, first)],
  // Each one's job is looked up.
  ['dead letters of a rare tag', 2, (pool) => listDeadLetters(pool, { tag: 'rare' }, first)],
  [
    'notifications of a rare type',
    1,
    (pool) => listNotifications(pool, { type: 'job.paused', state: 'delivered' }, first),
  ],
  ['what a redrive leaves', 1, (pool) => choose(pool, {})],
  ['a redrive of a job with one', 1, (pool) => choose(pool, { jobId: idOf(1) })],
  // The job's executions are looked at, and how many are left is counted.
  ['a redrive of a job with many executions', 3, (pool) => choose(pool, { jobId: idOf(2) })],
  // Nothing else bounds the walk to what few filters mean.
  [
    'a redrive of a rare destination in a stretch of time',
    1,
    (pool) => choose(pool, { destination: 'http://rare.test', to: new Date(Date.now() - 235_000_000) }),
  ],
  ['pending notifications', 1, (pool) => listNotifications(pool, { state: 'pending' }, first)],
  ['failed notifications', 1, (pool) => listNotifications(pool, { type: 'job.failing', state: 'failed' }, first)],
  ['a job’s failed notifications', 1, (pool) => listNotifications(pool, { jobId: idOf(2), state: 'failed' }, first)],
  ['the changes of a rare circuit', 1, (pool) => listCircuitChanges(pool, 'http://rare.test', first)],
  ['the changes of a busy circuit', 1, (pool) => listCircuitChanges(pool, 'http://a.test', first)],
  ['the blackouts of a rare tag', 1, (pool) => listBlackouts(pool, { tag: 'rare' }, first)],
  ['circuits', 2, (pool) => listCircuits(pool, first)],
  ['one circuit', 1, (pool) => readCircuit(pool, 'http://p1.test')],
  ['the limits of destinations', 2, (pool) => listFlows(pool, 'destination', first)],
  // How many have a tag is known once the table is analyzed.
  ['jobs of a common tag and a rare type', 1, (pool) => listJobs(pool, { tag: 'old', type: 'rrule' }, first)],
  ['jobs of a common tag in a blackout', 1, (pool) => jobsWithin(pool, { tag: 'old', from: later, to: later })],
  ['jobs that a blackout keeps back', 1, (pool) => jobsKeptBack(pool, { tag: 'rare', toAt: soon } as never)],
  ['jobs of a rare tag within a blackout', 1, (pool) => jobsWithin(pool, { tag: 'rare', from: soon, to: later })],
]

async function readsOf(url: string, run: Run, steadyPlans = false): Promise<number> {
  const explained = explaining(url, { analyze: true, steadyPlans })
  await run(explained.pool).finally(() => explained.end())
  return explained.reads.rows
}

test('whatever is asked for, and wherever it lies, a request reads a bounded number of rows', {
  timeout: 300_000,
}, async ({ databaseUrl, pool }) => {
  await fillUnlucky(pool, 240_000)
  for (const plans of ['never analyzed', 'analyzed'] as const) {
    if (plans === 'analyzed') await pool.query('analyze')
    for (const [name, walks, run] of cases) {
      if (plans === 'never analyzed' && name.includes('common tag')) continue
      for (const steadyPlans of [false, true]) {
        const read = await readsOf(databaseUrl, run, steadyPlans)
        expect
          .soft(read, `${name}, ${plans}, steady plans: ${steadyPlans}`)
          .toBeLessThanOrEqual(walks * (MOST_WALKED + 1) + PAGE)
      }
    }
  }
  // More executions than are looked at by the job: its oldest is found all the same, and what is left is not all known.
  const oldest = { chosen: [{ id: idOf(24) }], left: { isLowerBound: true } }
  expect(await choose(pool, { jobId: idOf(2) })).toMatchObject(oldest)
})
