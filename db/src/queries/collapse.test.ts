import { asc } from 'drizzle-orm'
import { expect } from 'vitest'
import { ago, ahead, execution, job, repeating } from '../../test/factories.ts'
import { test } from '../../test/queue.ts'
import type { Db } from '../client.ts'
import { executions, jobs } from '../schema/index.ts'
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
