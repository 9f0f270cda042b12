import { expect } from 'vitest'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { test, worker } from '../../test/queue.ts'
import { destinations, executions, jobs } from '../schema/index.ts'
import { releaseParked } from './release-parked.ts'
import { reportOutcomes } from './report-outcomes.ts'

test('a claim of several probes and reports of their destinations lock them in one order: none has to be given up', async ({
  db,
  pool,
  boss,
}) => {
  const names = ['http://a.test', 'http://b.test', 'http://c.test']
  const reports = names.map((destination) => ({ destination, succeeded: false, failures: 1 }))
  for (let round = 0; round < 10; round += 1) {
    await db.delete(executions)
    await db.delete(destinations)
    // Claimed in the order in which they were released: that of names backwards.
    for (const destination of names.toReversed()) {
      const row = job({ destination, nextRunAt: ahead(1_000) })
      await db.insert(jobs).values(row)
      const circuit = { state: 'open', openedAt: ago(60), retryAt: ago(1), failures: 5 } as const
      await db.insert(destinations).values({ destination, updatedAt: ago(1), ...circuit })
      const parked = { state: 'parked', reason: 'circuit_open' } as const
      await db.insert(executions).values(execution({ jobId: row.id, destination, scheduledFor: ago(100), ...parked }))
      const limits = { limit: 10, ramp: { perSecond: 1_000 } }
      await releaseParked(pool, boss, { destination, reason: 'circuit_open', ...limits })
    }
    const report = () => reportOutcomes(pool, reports, { failMax: 5, resetMs: 1_000 })
    const [{ claims }] = await Promise.all([worker(pool, boss).claim(), report(), report(), report(), report()])
    expect(claims.map((it) => it.isProbe)).toEqual([true, true, true])
  }
})
