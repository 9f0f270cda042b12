// What the ledger says of a soak, and the end of it.
import type { Pool } from '@scheduler/db/client'
import { PERIOD_SECONDS } from './soak-load.ts'
import { until } from './until.ts'

const DRAIN_MS = 120_000

export async function databaseNow(pool: Pool): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>(`select date_trunc('milliseconds', clock_timestamp()) as now`)
  return rows[0]?.now ?? new Date()
}

/**
 * Lets no job fall due any more, but leaves what is due to the workers, and waits until they have sent it. Not by the API:
 * a pause or a delete would cancel what is late, and hide it.
 *
 * @returns how many occurrences jobs that nobody edited have had by then, by their schedules
 */
export async function drain(pool: Pool): Promise<number> {
  let occurrences = 0
  const isDone = async () => {
    occurrences += await pauseAhead(pool)
    return (await unsent(pool)).length === 0 && !(await anyActive(pool))
  }
  // What is left then is counted, and fails.
  await until(isDone, DRAIN_MS, 'all that is due to be sent').catch(() => {})
  return occurrences
}

/** Rows that a dispatcher holds are left for the next time: to wait for them could be a deadlock. */
async function pauseAhead(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ occurrences: number }>(
    `with paused as (
       update jobs set status = 'paused', paused_at = now(), next_run_at = null, next_scheduled_for = null
       where id in (select id from jobs where next_run_at > now() + interval '1 second' for update skip locked)
       returning old.next_scheduled_for - (schedule->>'anchor')::timestamptz as ran, type, version
     )
     select coalesce(sum(extract(epoch from ran)), 0)::float8 / $1 as occurrences
     from paused where type = 'interval' and version = 1`,
    [PERIOD_SECONDS],
  )
  return Math.round(rows[0]?.occurrences ?? 0)
}

async function anyActive(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query('select from jobs where next_run_at is not null limit 1')
  return rows.length > 0
}

/** How late is by now what is due and unfinished or not even recorded, ms. */
export async function unsent(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ late: number }>(
    `select extract(epoch from now() - at)::float8 * 1000 as late
     from (
       select scheduled_for as at from executions where finished_at is null
       union all select next_scheduled_for from jobs where next_run_at <= now()
     ) as it`,
  )
  return rows.map(({ late }) => late)
}

export interface Ledger {
  succeeded: number
  /** Due when their job was deleted, and not begun. */
  cancelled: number
  /** Those that were due in the last minutes. */
  cancelledLast: number
  unfinished: number
  /** All others, by state and reason. */
  others: string[]
  /** Occurrences of the interval jobs that nobody edited and that are there still. */
  unedited: number
}

/** What became of everything that was due from `began` on. */
export async function readLedger(pool: Pool, began: Date, lastMinutes: Date): Promise<Ledger> {
  const { rows } = await pool.query<{ how: string; n: number; last: number; done: boolean }>(
    `select concat_ws(' ', state::text, reason::text) as how, finished_at is not null as done, sum(count)::int as n,
       coalesce(sum(count) filter (where scheduled_for >= $2), 0)::int as last
     from executions where scheduled_for >= $1 group by 1, 2 order by 1`,
    [began, lastMinutes],
  )
  const { rows: jobs } = await pool.query<{ n: number }>(
    `select coalesce(sum(count), 0)::int as n from executions join jobs on jobs.id = job_id
     where scheduled_for >= $1 and type = 'interval' and version = 1 and status = 'paused' and deleted_at is null`,
    [began],
  )
  const succeeded = (it: { how: string }) => it.how.startsWith('succeeded')
  const cancelled = (it: { how: string }) => it.how === 'cancelled deleted'
  const sum = (its: { n: number }[]) => its.reduce((total, it) => total + it.n, 0)
  const others = rows.filter((it) => it.done && !succeeded(it) && !cancelled(it))
  return {
    succeeded: sum(rows.filter(succeeded)),
    cancelled: sum(rows.filter(cancelled)),
    cancelledLast: rows.find(cancelled)?.last ?? 0,
    unfinished: sum(rows.filter((it) => !it.done)),
    others: others.map((it) => `${it.n} ${it.how}`),
    unedited: jobs[0]?.n ?? 0,
  }
}
