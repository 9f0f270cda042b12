import { clockAfter } from '@scheduler/core/planner'
import type { RandomJob } from '@scheduler/core/test/random-jobs'
import { expect } from 'vitest'
import type { Db, Pool } from '../src/client.ts'
import { dispatchDue } from '../src/queries/dispatch-due.ts'
import { promote } from '../src/queries/promote.ts'
import type { Boss } from '../src/queue.ts'
import { executions, jobs } from '../src/schema/index.ts'
import { execution, job as row } from './factories.ts'

const DAY = 86_400_000

/** Grace of the instance; random jobs have their own. */
export const graceSeconds = 900

/**
 * Writes random jobs as they stand when nobody has dispatched them since `from`, the `busy` ones with an unfinished
 * execution. Returns those that are due at an instant.
 */
export async function insertRandomJobs(
  db: Db,
  all: RandomJob[],
  now: number,
  busy: ReadonlySet<string> = new Set(),
): Promise<RandomJob[]> {
  const clocks = all.map((job) => ({ job, ...clockAfter(job.schedule, job.policies, job.from) }))
  const rows = clocks.flatMap(({ job, next, wakeAt }) => {
    if (wakeAt === null) return []
    const { id, timezone, schedule, stored: policies } = job
    const times = { cursorAt: new Date(job.from), nextScheduledFor: new Date(next?.nominal ?? wakeAt) }
    const created = new Date(job.from - DAY)
    const made = { createdAt: created, updatedAt: created }
    return [row({ id, timezone, schedule, policies, nextRunAt: new Date(wakeAt), ...times, ...made })]
  })
  for (let i = 0; i < rows.length; i += 1_000) await db.insert(jobs).values(rows.slice(i, i + 1_000))
  const unfinished = all
    .filter(({ id }) => busy.has(id))
    .map((job) => execution({ jobId: job.id, kind: 'manual', scheduledFor: new Date(job.from) }))
  if (unfinished.length > 0) await db.insert(executions).values(unfinished)
  return clocks.flatMap(({ job, wakeAt }) => (wakeAt !== null && wakeAt <= now ? [job] : []))
}

/** Dispatches until nothing is left of what was due at an instant. */
export async function dispatchAll(pool: Pool, boss: Boss, now: Date): Promise<void> {
  for (;;) {
    const done = await dispatchDue(pool, boss, { limit: 500, graceSeconds })
    expect(done.quarantined).toEqual([])
    await promote(pool, done.waits)
    const due = await pool.query('select 1 from jobs where next_run_at <= $1 limit 1', [now])
    if (due.rowCount === 0) return
  }
}
