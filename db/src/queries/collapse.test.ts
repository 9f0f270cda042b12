import { asc } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, ahead, execution, job, repeating } from '../../test/factories.ts'
import { test } from '../../test/queue.ts'
import type { Db } from '../client.ts'
import { events, executions, jobs } from '../schema/index.ts'
import { transaction } from '../transaction.ts'
import { skipLate } from './collapse.ts'
import { dispatchDue } from './dispatch-due.ts'

const open = { state: 'parked', reason: 'circuit_open', nextAttemptAt: ahead(60) } as const
const park = { reason: 'circuit_open', at: ahead(60) } as const
const options = { limit: 10, graceSeconds: 900, most: () => 0, overflow: () => park }

async function ledger(db: Db) {
  const rows = await db.select().from(executions).orderBy(asc(executions.scheduledFor))
  return rows.map(({ state, reason, attempt, kind }) => [state, reason, attempt, kind].join(' '))
}

/** A job of every ten seconds, due since a second, with executions of before that are parked. */
async function piledUp(db: Db, misfire: object, before: object[], overlap = 'allow') {
  const row = job({
    nextRunAt: ago(1),
    schedule: repeating({ seconds: 10 }, ago(1)),
    policies: { overlap: overlap as 'allow', misfire },
  })
  await db.insert(jobs).values(row)
  const rows = before.map((fields, i) =>
    execution({ jobId: row.id, ...open, scheduledFor: ago(1 + 10 * (before.length - i)), ...fields }),
  )
  await db.insert(executions).values(rows)
}

test('while a circuit is open, of a job’s parked occurrences the newest stays, and the others are coalesced', async ({
  db,
  pool,
  boss,
}) => {
  await piledUp(db, {}, [{}, {}])
  await dispatchDue(pool, boss, options)
  expect(await ledger(db)).toEqual([
    'skipped coalesced 0 schedule',
    'skipped coalesced 0 schedule',
    'parked circuit_open 0 schedule',
  ])
})

test('the policy all keeps as many as it would send', async ({ db, pool, boss }) => {
  await piledUp(db, { policy: 'all', max: 2 }, [{}, {}])
  await dispatchDue(pool, boss, options)
  expect(await ledger(db)).toEqual([
    'skipped coalesced 0 schedule',
    'parked circuit_open 0 schedule',
    'parked circuit_open 0 schedule',
  ])
})

test('what was attempted, run by hand or backfilled is kept, and what is parked for want of room', async ({
  db,
  pool,
  boss,
}) => {
  const kept = [{ attempt: 1 }, { kind: 'manual' }, { kind: 'backfill' }, { reason: 'destination_busy' }]
  await piledUp(db, {}, kept)
  await dispatchDue(pool, boss, options)
  expect((await ledger(db)).filter((it) => it.startsWith('parked'))).toHaveLength(5)
})

test('a job whose destination is only busy keeps all of them', async ({ db, pool, boss }) => {
  await piledUp(db, {}, [{}, {}])
  const busy = { reason: 'destination_busy', at: ahead(60) } as const
  await dispatchDue(pool, boss, { ...options, overflow: () => busy })
  expect((await ledger(db)).filter((it) => it.startsWith('parked'))).toHaveLength(3)
})

test('a job that is told and whose occurrences are left out for being late has one event of them, another none', async ({
  db,
  pool,
}) => {
  const skip = { policies: { overlap: 'allow', misfire: { policy: 'skip' } }, callbackUrl: 'http://a.test/' } as const
  const told = job({ ...skip, delivery: { notify: { url: 'http://told.test/' } } })
  const quiet = job(skip)
  const punctual = job({ ...skip, delivery: { notify: { url: 'http://told.test/' } } })
  await db.insert(jobs).values([told, quiet, punctual])
  const late = [ago(90), ago(60), ago(30)]
  const rows = [
    ...late.map((scheduledFor) => execution({ ...open, jobId: told.id, scheduledFor })),
    execution({ ...open, jobId: quiet.id, scheduledFor: ago(60) }),
    execution({ ...open, jobId: punctual.id, scheduledFor: ago(0) }),
  ]
  await db.insert(executions).values(rows)
  const now = ago(0)

  const ids = rows.map((it) => it.id)
  const out = await transaction(pool, (client) => skipLate(client, ids, now))

  expect(out).toEqual(new Set(ids.slice(0, 4)))
  expect(await db.select().from(events)).toMatchObject([
    {
      ...{ type: 'execution.missed', jobId: told.id, at: now },
      data: { first: late[0]?.toISOString(), last: late[2]?.toISOString(), count: 3 },
    },
  ])
})
