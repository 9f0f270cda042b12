import { test as base } from '@scheduler/db/test/database'
import { describe, expect, onTestFinished } from 'vitest'
import { hostiles } from '../test/hostile.ts'
import { startHostileReceivers } from '../test/hostile-receivers.ts'
import { createOnceJobs, ledger, many } from '../test/jobs.ts'
import { startParts } from '../test/parts.ts'
import { until } from '../test/until.ts'

/** Of one that holds an attempt until then, and of one that does not. */
const HELD_MS = 1_000
const LONG_MS = 5_000
/** What an attempt may take beyond its timeout until it is over. */
const SLACK_MS = 1_000
const EACH = 8

const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which fixtures are wanted
  .extend('receivers', { scope: 'file' }, async ({}, { onCleanup }) => {
    const receivers = await startHostileReceivers()
    onCleanup(receivers.close)
    return receivers
  })
  .extend('parts', async ({ databaseUrl }, { onCleanup }) => {
    // The client's own timeout is far away: it is that of the job that counts. No circuit gets in the way.
    const parts = await startParts(databaseUrl, { timeoutMs: 60_000, failMax: 1_000, destinationConcurrency: EACH })
    onCleanup(() => parts.close())
    return parts
  })

/** The most that this process took of the machine's memory meanwhile, beyond what it had, bytes. */
function watchMemory(): () => number {
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 10)
  onTestFinished(() => clearInterval(timer))
  return () => most - before
}

describe.for(hostiles)('a receiver that $name', (hostile) => {
  test('each attempt is recorded for what it was, in time, and leaves nothing behind', async ({
    pool,
    parts,
    receivers,
  }) => {
    const grown = watchMemory()
    const { payload = '{}', holds } = hostile
    const timeoutMs = holds ? HELD_MS : LONG_MS
    const delivery = { timeoutSeconds: timeoutMs / 1_000, retry: { limit: 0 } }
    await createOnceJobs(pool, many(EACH, { url: receivers.urlOf(hostile), payload, delivery }))
    parts.dispatcher.wake()
    await until('the end of all', async () => {
      const ended = (await ledger(pool)).filter((it) => ['succeeded', 'failed'].includes(it.state))
      return ended.length === EACH
    })
    // By the timer of its process: between two of its estimates of the database's clock lie tens of milliseconds.
    const { rows } = await pool.query<{ outcome: string; status: number | null; error: string | null; ms: number }>(
      'select outcome::text, status, error, total_ms as ms from attempts',
    )
    expect(rows).toHaveLength(EACH)
    for (const { outcome, status, error, ms } of rows) {
      expect({ outcome, status }).toEqual({ outcome: hostile.outcome, status: hostile.status })
      if (hostile.error) expect(error).toMatch(hostile.error)
      else expect(error).toBeNull()
      expect(ms).toBeLessThan(timeoutMs + SLACK_MS)
      if (holds) expect(ms).toBeGreaterThan(timeoutMs - 20)
      else expect(ms).toBeLessThan(timeoutMs - 20)
    }
    const state = hostile.outcome === 'succeeded' ? 'succeeded' : 'failed'
    expect((await ledger(pool)).map((it) => it.state)).toEqual(rows.map(() => state))
    expect(grown(), 'bytes').toBeLessThan(100e6)
    await parts.drain()
    await until('the connections to close', async () => (await receivers.open()) === 0)
  })
})
