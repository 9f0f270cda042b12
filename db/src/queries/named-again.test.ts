// What a restored database, or one that lost its last commits, does with occurrences that it has forgotten.
import { expect } from 'vitest'
import { ago, ahead, job } from '../../test/factories.ts'
import { begin, queueItems, test, untilBlocked } from '../../test/queue.ts'
import { executions, jobs } from '../schema/index.ts'
import { dispatchDue } from './dispatch-due.ts'
import { insertLedger } from './insert-ledger.ts'
import type { LedgerRow } from './ledger-rows.ts'

const options = { limit: 100, graceSeconds: 900 }

test('an occurrence that was forgotten is named the same again, so that its receiver can tell', async ({
  db,
  pool,
  boss,
}) => {
  const restored = job({ nextRunAt: ago(3) })
  await db.insert(jobs).values(restored)
  await dispatchDue(pool, boss, options)
  const before = await db.select().from(executions)

  await pool.query('truncate executions, attempts, jobs')
  await db.insert(jobs).values(restored)
  await dispatchDue(pool, boss, options)

  const after = await db.select().from(executions)
  const named = (rows: typeof before) => rows.map((row) => [row.scheduledFor.toISOString(), row.id]).sort()
  expect(before.length).toBeGreaterThan(0)
  expect(named(after)).toEqual(expect.arrayContaining(named(before)))
})

test('of two that record one occurrence at once, the second leaves it to the first', async ({ pool, boss }) => {
  const row: LedgerRow = {
    ...{ jobId: crypto.randomUUID(), jobVersion: 1, kind: 'schedule', state: 'queued', reason: null },
    ...{ scheduledFor: ahead(60), scheduledUntil: null, count: 1, effectiveAt: ahead(60) },
    ...{ nextAttemptAt: null, behind: false, destination: 'http://a', flowKey: null },
  }
  const [one, other] = [await begin(pool), await begin(pool)]
  expect(await insertLedger(one, boss, [row], new Date())).toMatchObject({ rows: 1, items: 1 })
  const second = insertLedger(other, boss, [{ ...row }], new Date())
  await untilBlocked(pool, 1)
  await one.query('commit')
  expect(await second).toMatchObject({ rows: 0, items: 0 })
  await other.query('commit')
  expect(await queueItems(pool)).toHaveLength(1)
})
