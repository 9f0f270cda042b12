import type { OverlapPolicy } from '@scheduler/core/schedule'
import { asc, eq } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import { ago, ahead, execution, job, repeating } from '../../test/factories.ts'
import {
  begin,
  byHand,
  loseWorker,
  outcomeOf,
  queueItems,
  rejected,
  test,
  untilBlocked,
  worker,
} from '../../test/queue.ts'
import type { Db, Pool } from '../client.ts'
import { executions, jobs } from '../schema/index.ts'
import { deleteJob } from './delete-job.ts'
import { dispatchDue } from './dispatch-due.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { inTurn } from './ledger-rows.ts'
import { pauseJob } from './pause-job.ts'
import { promote } from './promote.ts'
import { settle } from './settle.ts'

const options = { limit: 100, graceSeconds: 900 }

/** A job of every ten seconds that is due since a second. */
function due(overlap: OverlapPolicy, misfire: object = {}, seconds = 1) {
  const policies = { overlap, misfire }
  return job({ nextRunAt: ago(seconds), schedule: repeating({ seconds: 10 }, ago(seconds)), policies })
}

/** An execution of the job from before. */
const before = (jobId: string, state: 'queued' | 'running' | 'waiting' | 'parked', fields: object = {}) =>
  execution({ jobId, state, scheduledFor: ago(11), ...fields })

async function ledger(db: Db) {
  const rows = await db.select().from(executions).orderBy(asc(executions.scheduledFor))
  return rows.map(({ state, reason, count, behind }) => [state, reason, count, behind] as const)
}

const sent = ['queued', null, 1, false] as const
const held = ['waiting', 'overlap_queued', 1, true] as const

describe.for(['queued', 'running', 'waiting', 'parked'] as const)('while an execution of the job is %s', (state) => {
  const cases: [OverlapPolicy, readonly (readonly unknown[])[]][] = [
    ['skip', [['skipped', 'overlap_skipped', 1, false]]],
    ['queue_one', [held]],
    ['queue_all', [held]],
    ['allow', [sent]],
  ]
  test.for(cases)('the policy %s makes of one that is due: %j', async ([policy, expected], { db, pool, boss }) => {
    const row = due(policy)
    await db.insert(jobs).values(row)
    await db.insert(executions).values(before(row.id, state))

    await dispatchDue(pool, boss, options)

    expect((await ledger(db)).slice(1)).toEqual(expected)
  })

  test('cancel_running cancels it and sends the newest', async ({ db, pool, boss }) => {
    const row = due('cancel_running', { policy: 'all' }, 21)
    const old = before(row.id, state, { scheduledFor: ago(31) })
    await db.insert(jobs).values(row)
    await db.insert(executions).values(old)

    await promote(pool, (await dispatchDue(pool, boss, options)).waits)

    const skipped = ['skipped', 'overlap_skipped', 2, false]
    if (state === 'running') {
      // Its attempt is in flight: the newest waits until it is broken off.
      expect(await ledger(db)).toEqual([['running', null, 1, false], skipped, held])
      const [running] = await db.select().from(executions).where(eq(executions.id, old.id))
      expect(running?.cancelRequestedAt).toBeInstanceOf(Date)
    } else {
      const superseded = ['cancelled', 'superseded', 1, false]
      // Nothing is in flight, so nothing keeps it: it is queued as soon as the dispatchers look.
      expect(await ledger(db)).toEqual([superseded, skipped, ['waiting', null, 1, false]])
      expect((await dispatchHeld(pool, boss, { limit: 10 })).ids).toHaveLength(1)
      expect((await ledger(db)).at(-1)).toEqual(sent)
    }
  })
})

test('finished executions of the job, and unfinished ones of other jobs, are in nobody’s way', async ({
  db,
  pool,
  boss,
}) => {
  const row = due('skip')
  const other = due('skip')
  await db.insert(jobs).values([row, { ...other, nextRunAt: ago(-60), nextScheduledFor: ago(-60) }])
  await db
    .insert(executions)
    .values([
      execution({ jobId: row.id, state: 'succeeded', scheduledFor: ago(11) }),
      execution({ jobId: row.id, state: 'failed', scheduledFor: ago(12) }),
      before(other.id, 'running', { scheduledFor: ago(13) }),
    ])

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ items: 1, unsent: 0 })
})

test('several that a pass finds due are sent one after the other under skip, and let go as each is settled', async ({
  db,
  pool,
  boss,
}) => {
  await db.insert(jobs).values(due('skip', { policy: 'all' }, 21))
  expect(await dispatchDue(pool, boss, options)).toMatchObject({ items: 1, unsent: 0 })
  expect(await ledger(db)).toEqual([sent, held, held])

  const first = worker(pool, boss)
  for (const outcome of [{}, rejected, {}]) {
    expect(await promote(pool, null)).toBe(0)
    const [claimed, ...others] = (await first.claim()).claims
    expect(others).toEqual([])
    if (!claimed) throw new Error('nothing was claimed')
    expect(await promote(pool, [claimed.jobId])).toBe(0)
    await settle(pool, boss, first.workerId, [outcomeOf(claimed, outcome)])
    await promote(pool, [claimed.jobId])
    await dispatchHeld(pool, boss, { limit: 10 })
  }

  expect((await ledger(db)).map(([state]) => state)).toEqual(['succeeded', 'failed', 'succeeded'])
  expect(await queueItems(pool)).toEqual([])
})

test('queue_one lets one wait and no more; queue_all lets each wait', async ({ db, pool, boss }) => {
  const [one, all] = [due('queue_one', { policy: 'all' }, 31), due('queue_all', { policy: 'all' }, 32)]
  await db.insert(jobs).values([one, all])

  await dispatchDue(pool, boss, options)

  const states = async (id: string) => {
    const rows = await db
      .select()
      .from(executions)
      .where(eq(executions.jobId, id))
      .orderBy(asc(executions.scheduledFor))
    return rows.map(({ state, reason, count }) => [state, reason, count])
  }
  const [first, waits] = [sent.slice(0, 3), held.slice(0, 3)]
  expect(await states(one.id)).toEqual([first, waits, ['skipped', 'overlap_skipped', 2]])
  expect(await states(all.id)).toEqual([first, waits, waits, waits])
})

test('what waits for its turn already counts, also while nothing else is unfinished', async ({ db, pool, boss }) => {
  const rows = (
    [
      ['queue_one', 'running'],
      ['queue_one', null],
      ['skip', null],
    ] as const
  ).map(([policy, state]) => {
    const row = due(policy)
    return {
      row,
      before: [
        ...(state ? [before(row.id, state)] : []),
        execution({ jobId: row.id, ...inTurn, scheduledFor: ago(5), attempt: 0 }),
      ],
    }
  })
  await db.insert(jobs).values(rows.map((it) => it.row))
  await db.insert(executions).values(rows.flatMap((it) => it.before))

  expect(await dispatchDue(pool, boss, options)).toMatchObject({ items: 0, unsent: 3 })
})

test('an attempt that is broken off for a newer one ends cancelled, and the newer one goes', async ({
  db,
  pool,
  boss,
}) => {
  const row = due('cancel_running')
  await db.insert(jobs).values(row)
  await dispatchDue(pool, boss, options)
  const first = worker(pool, boss)
  const [claimed] = (await first.claim()).claims
  if (!claimed) throw new Error('nothing was claimed')
  await makeDue(pool, row.id)
  await dispatchDue(pool, boss, options)

  const broken = { outcome: 'abandoned', status: null, state: 'waiting', nextAttemptAt: ago(0) } as const
  await settle(pool, boss, first.workerId, [outcomeOf(claimed, broken)])
  expect(await promote(pool, [row.id])).toBe(1)

  expect(await ledger(db)).toEqual([
    ['cancelled', 'superseded', 1, false],
    ['waiting', null, 1, false],
  ])
})

test('an execution that is being claimed when a newer one supersedes it is found in flight', async ({
  db,
  pool,
  boss,
}) => {
  const row = due('cancel_running')
  const old = before(row.id, 'queued')
  await db.insert(jobs).values(row)
  await db.insert(executions).values(old)
  const claimer = await begin(pool)
  await claimer.query(`update executions set state = 'running', attempt = 1, claimed_at = now()`)

  const dispatching = dispatchDue(pool, boss, options)
  await untilBlocked(pool, 1)
  await claimer.query('commit')
  await dispatching

  expect(await ledger(db)).toEqual([['running', null, 1, false], held])
  const [running] = await db.select().from(executions).where(eq(executions.id, old.id))
  expect(running?.cancelRequestedAt).toBeInstanceOf(Date)
})

test.for([
  ['sent', 'send'],
  ['held', 'hold'],
  ['parked', { reason: 'circuit_open', at: ahead(60) }],
] as const)(
  'an attempt that was to be broken off and was lost with its worker is not %s again, and the newer one goes',
  async ([, decision], { db, pool, boss }) => {
    const row = due('cancel_running')
    await db.insert(jobs).values(row)
    await dispatchDue(pool, boss, options)
    const { claims } = await worker(pool, boss).claim()
    await makeDue(pool, row.id)
    await dispatchDue(pool, boss, options)
    await loseWorker(boss, claims)

    expect(await worker(pool, boss).claim(() => decision)).toMatchObject({
      claims: [],
      held: [],
      fetched: 1,
      parked: 0,
    })
    expect(await promote(pool, null)).toBe(1)

    expect(await ledger(db)).toEqual([
      ['cancelled', 'superseded', 1, false],
      ['waiting', null, 1, false],
    ])
    expect(await queueItems(pool)).toEqual([])
  },
)

test('an attempt that succeeds before it is broken off is a success', async ({ db, pool, boss }) => {
  const row = due('cancel_running')
  await db.insert(jobs).values(row)
  await dispatchDue(pool, boss, options)
  const first = worker(pool, boss)
  const [claimed] = (await first.claim()).claims
  if (!claimed) throw new Error('nothing was claimed')
  await makeDue(pool, row.id)
  await dispatchDue(pool, boss, options)

  await settle(pool, boss, first.workerId, [outcomeOf(claimed)])

  expect((await ledger(db))[0]).toEqual(['succeeded', null, 1, false])
})

/** The job's next occurrence comes at once; as if time had passed. */
async function makeDue(pool: Pool, id: string): Promise<void> {
  await pool.query(
    `update jobs set cursor_at = cursor_at - interval '10 seconds', next_run_at = now() - interval '50 ms',
       schedule = jsonb_set(schedule, '{anchor}', to_jsonb(to_char(now() at time zone 'utc' - interval '100 ms', 'YYYY-MM-DD"T"HH24:MI:SS.MS') || '+00:00'))
     where id = $1`,
    [id],
  )
}

test.for([
  ['a pause', (pool: Pool, id: string) => pauseJob(pool, id, byHand, () => true), 'paused'],
  ['a delete', (pool: Pool, id: string) => deleteJob(pool, id, () => true), 'deleted'],
] as const)('%s cancels what waits for its turn too', async ([, change, reason], { db, pool, boss }) => {
  const row = due('queue_all', { policy: 'all' }, 21)
  await db.insert(jobs).values(row)
  await dispatchDue(pool, boss, options)

  await change(pool, row.id)

  expect(await ledger(db)).toEqual(Array.from({ length: 3 }, () => ['cancelled', reason, 1, false]))
  expect(await promote(pool, null)).toBe(0)
})
