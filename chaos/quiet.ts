// The end of a run: what is due is caught up with before the clients end their jobs, so that nothing that is late is cancelled.
import type { Pool } from '@scheduler/db/client'
import { until, wait } from '../bench/until.ts'
import type { Run } from './rig.ts'
import type { Rig } from './scenario.ts'

/** How long what is finished is watched for callbacks that nobody expects, ms. */
const STRAY_MS = 3_000
/** What came due less long ago than this may be unfinished while a job is due all the time, seconds. */
const CURRENT_SECONDS = 3

/** @throws where it isn't so after `withinMs` */
export async function waitUntilQuiet({ pool }: Rig, run: Run, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  const left = () => Math.max(1_000, deadline - performance.now())
  await until(async () => (await behind(pool, CURRENT_SECONDS)) === 0, left(), 'what is due to be caught up with')
  await within(left(), Promise.all(run.clients.map((it) => it.end())))
  await until(async () => (await behind(pool, 0)) === 0, left(), 'all that was due to be finished')
  run.quietSince = Date.now()
  await wait(STRAY_MS)
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Waited ${(ms / 1_000).toFixed(0)} s in vain for the API's answers.`)),
      ms,
    )
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Occurrences that were due so many seconds ago and are unfinished, or not even recorded. */
async function behind(pool: Pool, seconds: number): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select (select count(*) from executions
         where finished_at is null and ($1 = 0 or scheduled_for < now() - make_interval(secs => $1)))
       + (select count(*) from jobs where next_run_at < now() - make_interval(secs => $1)) as n`,
    [seconds],
  )
  return Number(rows[0]?.n ?? 0)
}
