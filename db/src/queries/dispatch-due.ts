import { type Plan, plan } from '@scheduler/core/planner'
import type { Schedule } from '@scheduler/core/schedule'
import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import type { StoredPolicies } from '../schema/jobs.ts'
import { transaction } from '../transaction.ts'
import { insertLedger } from './insert-ledger.ts'
import { dueRowsOf, type LedgerRow, parkOverflow } from './ledger-rows.ts'
import { policiesOf } from './policies-of.ts'
import { isDataError, quarantine } from './quarantine-job.ts'

/** A job as the dispatcher reads it. */
export interface DueJob {
  id: string
  type: string
  version: number
  schedule: Schedule
  policies: StoredPolicies
  timezone: string
  destination: string
  cursorAt: Date
}

export interface Dispatched {
  /** Jobs that were looked at; as many as the limit means there may be more. */
  jobs: number
  /** Items put into the queue. */
  items: number
  /** Destinations that have more than they can take: the rest of theirs is parked. */
  busy: string[]
  /** Jobs set aside because their schedule can't be computed, with the reason. */
  quarantined: { jobId: string; reason: string }[]
  /** Occurrences recorded as not sent. */
  unsent: number
}

/** A job whose row the database refused; the dispatcher sets it aside and the rest of its batch goes on. */
export class PoisonJob extends Error {
  readonly jobId: string

  constructor(jobId: string, cause: unknown) {
    super(`job ${jobId} can't be dispatched`, { cause })
    this.jobId = jobId
  }
}

export interface DispatchOptions {
  /** Jobs to look at, at the most. */
  limit: number
  /** Grace of jobs that don't say, seconds. */
  graceSeconds: number
  /** How many executions of a destination to put into the queue at the most; the rest is parked. */
  most?: (destination: string) => number
}

/** Ledger rows after which a pass takes no further job. */
const MOST_ROWS = 2_000

const dueSql = `
  select id, type, version, schedule, policies, timezone, destination, cursor_at as "cursorAt", now() as now
  from jobs where next_run_at <= now() order by next_run_at limit $1 for update skip locked`

/**
 * Turns up to `limit` due jobs into ledger rows and queue items, and moves their clocks: all of it, or nothing.
 *
 * Any number of callers may run at once; each takes other jobs. A job whose plan throws is quarantined alone.
 * @throws PoisonJob when `limit` is 1 and the database refused what the job's plan wrote.
 */
export async function dispatchDue(pool: Pool, boss: PgBoss, options: DispatchOptions): Promise<Dispatched> {
  let only: string | undefined
  try {
    return await transaction(pool, async (client) => {
      const { rows } = await client.query<DueJob & { now: Date }>({
        name: 'dispatch-due',
        text: dueSql,
        values: [options.limit],
      })
      const now = rows[0]?.now
      if (!now) return { jobs: 0, items: 0, busy: [], quarantined: [], unsent: 0 }
      if (options.limit === 1) only = rows[0]?.id
      return await carryOut(client, boss, rows, now, options)
    })
  } catch (error) {
    if (only && isDataError(error)) throw new PoisonJob(only, error)
    throw error
  }
}

async function carryOut(client: PoolClient, boss: PgBoss, due: DueJob[], now: Date, options: DispatchOptions) {
  const ledger: LedgerRow[] = []
  const clocks: Clock[] = []
  const quarantined: Dispatched['quarantined'] = []
  let looked = 0
  for (const job of due) {
    // The rest keeps its clock, and is taken by the next pass: no pass may have more to write than it has time for.
    if (ledger.length >= MOST_ROWS) break
    looked += 1
    try {
      const planned = plan(job.schedule, policiesOf(job, options.graceSeconds), job.cursorAt.getTime(), now.getTime())
      ledger.push(...dueRowsOf(job, planned))
      clocks.push(clockOf(job.id, planned))
    } catch (error) {
      const reason = `The schedule can't be computed: ${error instanceof Error ? error.message : String(error)}`
      quarantined.push({ jobId: job.id, reason })
    }
  }
  const busy = options.most ? parkOverflow(ledger, options.most, now) : []
  const items = await insertLedger(client, boss, ledger, now)
  await moveClocks(client, clocks, now)
  for (const { jobId, reason } of quarantined) await quarantine(client, jobId, reason)
  const unsent = ledger.reduce(
    (sum, row) => sum + (row.state === 'queued' || row.state === 'parked' ? 0 : row.count),
    0,
  )
  return { jobs: looked, items, busy, quarantined, unsent }
}

interface Clock {
  id: string
  cursor: Date
  nextRunAt: Date | null
  nextScheduledFor: Date | null
}

function clockOf(id: string, { cursor, next }: Plan): Clock {
  return {
    id,
    cursor: new Date(cursor),
    nextRunAt: next && new Date(next.effective),
    nextScheduledFor: next && new Date(next.nominal),
  }
}

async function moveClocks(client: PoolClient, clocks: Clock[], now: Date): Promise<void> {
  if (clocks.length === 0) return
  await client.query({
    name: 'move-clocks',
    text: `
      update jobs set cursor_at = c.cursor_at, next_run_at = c.next_run_at, next_scheduled_for = c.next_scheduled_for,
        status = case when c.next_run_at is null then 'completed' else status end,
        completed_at = case when c.next_run_at is null then $5::timestamptz end
      from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[])
        as c(id, cursor_at, next_run_at, next_scheduled_for)
      where jobs.id = c.id`,
    values: [
      clocks.map((clock) => clock.id),
      clocks.map((clock) => clock.cursor),
      clocks.map((clock) => clock.nextRunAt),
      clocks.map((clock) => clock.nextScheduledFor),
      now,
    ],
  })
}
