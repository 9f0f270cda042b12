import { setImmediate as turn } from 'node:timers/promises'
import { dice } from '@scheduler/core/test/dice'
import { expect, onTestFinished } from 'vitest'
import { loseWorker, outcomeOf, queueUp, rejected, test, worker } from '../../test/queue.ts'
import type { Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import type { Claim } from './begin-attempts.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { type Reconciled, reconcile } from './reconcile.ts'
import { settle } from './settle.ts'

const EXECUTIONS = 300

/** Reconciles again and again, as fast as it can, and adds up what it repairs. */
function reconcileAllTheTime(pool: Pool, boss: Boss): { total: Reconciled; stop(): Promise<void> } {
  const total: Reconciled = { requeued: 0, crashed: 0, overdue: 0 }
  let stopped = false
  const loop = async () => {
    while (!stopped) {
      const found = await reconcile(pool, boss)
      total.requeued += found.requeued
      total.crashed += found.crashed
      await turn()
    }
  }
  const running = loop()
  const stop = async () => {
    stopped = true
    await running
  }
  onTestFinished(stop)
  return { total, stop }
}

test('while workers claim, die, settle late and settle twice, nothing is taken for lost, and nothing sent without cause', {
  timeout: 60_000,
}, async ({ pool, boss }) => {
  const { int, chance } = dice(7)
  await queueUp(pool, boss, {}, EXECUTIONS)
  const { total } = reconcileAllTheTime(pool, boss)
  const sent = new Map<string, number>()
  /** Attempts after which another is in order: lost with their worker, or refused by their receiver. */
  const causes = new Map<string, number>()
  const count = (of: Map<string, number>, { executionId }: Claim) => of.set(executionId, (of.get(executionId) ?? 0) + 1)
  const succeeded = async () => {
    const { rows } = await pool.query(`select count(*)::int as n from executions where state = 'succeeded'`)
    return rows[0].n as number
  }

  const work = async () => {
    const me = worker(pool, boss)
    while ((await succeeded()) < EXECUTIONS) {
      const { claims } = await me.claim(
        () => (chance(0.1) ? { reason: 'destination_busy', at: new Date() } : 'send'),
        7,
      )
      for (const claim of claims) count(sent, claim)
      for (let turns = int(0, 30); turns > 0; turns -= 1) await turn()
      const [lost, kept] = [claims.filter(() => chance(0.2)), claims]
      for (const claim of lost) count(causes, claim)
      if (lost.length > 0) await loseWorker(boss, lost)
      // Those that were lost settle as well: late, beside whoever has taken them over, or not at all.
      const ended = kept.filter((claim) => !lost.includes(claim) || chance(0.5))
      const outcomes = ended.map((claim) => {
        if (!chance(0.2)) return outcomeOf(claim)
        if (!lost.includes(claim)) count(causes, claim)
        return outcomeOf(claim, { ...rejected, state: 'waiting', nextAttemptAt: new Date() })
      })
      await settle(pool, boss, me.workerId, outcomes)
      if (chance(0.3)) await settle(pool, boss, me.workerId, outcomes)
      await dispatchHeld(pool, boss, { limit: 50 })
      const parked = { destination: 'http://receiver.test', reason: 'destination_busy', order: 'oldest' } as const
      await dispatchHeld(pool, boss, { limit: 50, parked })
    }
  }
  await Promise.all([1, 2, 3].map(work))

  expect(total).toEqual({ requeued: 0, crashed: 0, overdue: 0 })
  const unexplained = [...sent].filter(([id, n]) => n > 1 + (causes.get(id) ?? 0))
  expect(unexplained).toEqual([])
  expect(sent.size).toBe(EXECUTIONS)
})

test('of several that reconcile at once each lost execution has one item in the end, and is claimed once', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss, {}, 100)
  for (let round = 0; round < 10; round += 1) {
    await pool.query('delete from pgboss.job')
    await Promise.all([1, 2, 3, 4].map(() => reconcile(pool, boss)))
    const { rowCount } = await pool.query('select from executions e join pgboss.job j on j.id = e.item_id')
    expect(rowCount).toBe(100)
  }
  const { claims } = await worker(pool, boss).claim(undefined, 500)
  expect(new Set(claims.map(({ executionId }) => executionId)).size).toBe(100)
  expect(claims.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 100 }, () => 1))
})
