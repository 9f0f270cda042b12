import { expect } from 'vitest'
import { test } from '../../test/database.ts'
import { explaining } from '../../test/explaining.ts'
import { ago, execution } from '../../test/factories.ts'
import { partitionNames } from '../../test/partitions.ts'
import type { Db, Pool } from '../client.ts'
import { attempts, executions } from '../schema/index.ts'
import { listDeadLetters } from './list-dead-letters.ts'
import { type ExecutionFilters, listExecutions } from './list-executions.ts'

/** A dead letter of so many days ago, which was attempted twice. */
async function attempted(db: Db, daysAgo: number): Promise<void> {
  const at = ago(daysAgo * 86_400)
  const row = execution({ state: 'failed', reason: 'rejected', attempt: 2, scheduledFor: at, deadAt: at })
  await db.insert(executions).values(row)
  const of = { executionId: row.id, scheduledFor: at, startedAt: at, finishedAt: at, workerId: row.id, jobVersion: 1 }
  await db.insert(attempts).values([2, 1].map((attempt) => ({ ...of, attempt, outcome: 'rejected' as const })))
}

test('the attempts of a page are looked for in the partitions of its executions alone', async ({
  databaseUrl,
  db,
  pool,
}) => {
  for (const daysAgo of [0, 9, 20]) await attempted(db, daysAgo)
  const all = (await partitionNames(pool)).length
  expect(all).toBeGreaterThan(6)
  const listed = (filters: ExecutionFilters, limit: number) => (on: Pool) =>
    listExecutions(on, filters, { limit, after: null })
  const cases: [string, number, number, ReturnType<typeof listed>][] = [
    ['a page of one time', 1, 1, listed({}, 1)],
    ['a page of several', 3, all, listed({}, 50)],
    ['a stretch of time', 1, 1, listed({ from: ago(86_400 * 10), to: ago(86_400 * 8) }, 50)],
    ['a page of dead letters', 1, 1, (on) => listDeadLetters(on, {}, { limit: 1, after: null })],
  ]
  for (const [name, rows, most, list] of cases) {
    for (const steadyPlans of [false, true]) {
      const explained = explaining(databaseUrl, { steadyPlans })
      const page = await list(explained.pool).finally(() => explained.end())
      expect(
        page.rows.map((row) => row.attempts.map(({ attempt }) => attempt)),
        name,
      ).toEqual(Array.from({ length: rows }, () => [1, 2]))
      const scans = explained.scans.filter((it) => it.startsWith('attempts:'))
      expect([...new Set(scans)], name).toEqual(['attempts: attempts_pkey'])
      expect(scans.length, `${name}, steady plans: ${steadyPlans}`).toBeLessThanOrEqual(most)
    }
  }
})
