import { plan } from '@scheduler/core/planner'
import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import type { JobRow } from '../schema/jobs.ts'
import { transaction } from '../transaction.ts'
import type { Claim, Park } from './begin-attempts.ts'
import { cancelUnfinished } from './cancel-unfinished.ts'
import { collapse } from './collapse.ts'
import { recordEvents } from './events.ts'
import { type Begun, insertLedger } from './insert-ledger.ts'
import { jobStates, taggedBlackouts } from './job-states.ts'
import { busy as busyPark, dueRowsOf, type LedgerRow, parkOverflow } from './ledger-rows.ts'
import { missedEvents } from './missed-events.ts'
import { type Clock, clockOf, moveClocks } from './move-clocks.ts'
import { policiesOf } from './policies-of.ts'
import { isDataError, quarantine } from './quarantine-job.ts'

/** A job as the dispatcher reads it. */
export type DueJob = Pick<
  JobRow,
  | 'id'
  | 'type'
  | 'version'
  | 'schedule'
  | 'policies'
  | 'timezone'
  | 'destination'
  | 'flowKey'
  | 'cursorAt'
  | 'runs'
  | 'tags'
> & {
  /** Whether its own URL is told of its events. */
  notifies: boolean
  /** Where its row lies (`ctid`), as long as the transaction that has locked it does not change it. */
  at: string
}

export interface Dispatched {
  /** Jobs that were looked at; as many as the limit means there may be more. */
  jobs: number
  /** Items put into the queue. */
  items: number
  /** What has begun instead, by `DispatchOptions.begin`. */
  claims: Claim[]
  /** Destinations that have more than they can take: the rest of theirs is parked. */
  busy: string[]
  /** Jobs set aside because their schedule can't be computed, with the reason. */
  quarantined: { jobId: string; reason: string }[]
  /** Occurrences recorded as not sent, and how many of them because they were past their grace. */
  unsent: number
  missed: number
  /**
   * Jobs of which an execution was made to wait, to be promoted: what they wait for may have been finished meanwhile, by a worker that
   * did not see them waiting. Promote them only after what has begun is sent: to promote waits for locks of others.
   */
  waits: string[]
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
  /** Why, and until when, it is parked; as a destination's that is busy where it is not given. */
  overflow?: (destination: string, now: Date) => Park
  /** Whether the instance's URL is told of events, so that those of every job are written. */
  notifiesAll?: boolean
  /**
   * The worker that dispatches, which begins what it has a place for in the same transaction, past the queue. `take` takes a
   * place for an attempt at a destination, or says that there is none; a place that none of the claims uses is to be given back.
   */
  begin?: { workerId: string; take: (destination: string) => boolean }
}

/** Ledger rows after which a pass takes no further job. */
const MOST_ROWS = 2_000

/** Ledger rows of a pass in which some begin at once, at the most. */
const MOST_ROWS_BESIDE = 300

const dueSql = `
  select id, type, version, schedule, policies, timezone, destination, flow_key as "flowKey", cursor_at as "cursorAt", runs, tags,
    (delivery -> 'notify') is not null as notifies, ctid as at, now() as now
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
      if (!now) return { jobs: 0, items: 0, claims: [], busy: [], quarantined: [], unsent: 0, missed: 0, waits: [] }
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
  const superseded: string[] = []
  const quarantined: Dispatched['quarantined'] = []
  let looked = 0
  const stateOf = await jobStates(client, due)
  const blackoutsOf = await taggedBlackouts(client, due)
  for (const job of due) {
    // The rest keeps its clock, and is taken by the next pass: no pass may have more to write than it has time for.
    if (ledger.length >= MOST_ROWS) break
    looked += 1
    try {
      const policies = policiesOf(job, options.graceSeconds, blackoutsOf(job))
      const planned = plan(job.schedule, policies, job.cursorAt.getTime(), now.getTime(), stateOf(job))
      if (planned.cancel) superseded.push(job.id)
      ledger.push(...dueRowsOf(job, planned))
      clocks.push(clockOf(job, planned))
    } catch (error) {
      const reason = `The schedule can't be computed: ${error instanceof Error ? error.message : String(error)}`
      quarantined.push({ jobId: job.id, reason })
    }
  }
  const overflow = options.overflow ?? ((_, at) => busyPark(at))
  const busy = options.most ? parkOverflow(ledger, options.most, overflow, now) : []
  await cancelUnfinished(client, superseded, now)
  // Where there is much to write after it, what has begun would be sent long after it was recorded.
  const begin = ledger.length <= MOST_ROWS_BESIDE ? options.begin : undefined
  const begins = begin && {
    workerId: begin.workerId,
    rows: new Set(ledger.filter((row) => row.state === 'queued' && begin.take(row.destination))),
  }
  const [{ items, begun }] = await Promise.all([
    insertLedger(client, boss, ledger, now, begins),
    moveClocks(client, clocks, now),
  ])
  await collapse(client, piling(due, ledger), now)
  await recordEvents(client, missedEvents(due, ledger, options.notifiesAll ?? false, now))
  for (const { jobId, reason } of quarantined) await quarantine(client, jobId, reason)
  const counted = (rows: LedgerRow[]) => rows.reduce((sum, row) => sum + row.count, 0)
  const unsent = counted(ledger.filter((row) => !TO_BE_SENT.has(row.state)))
  const missed = counted(ledger.filter((row) => row.reason === 'missed_grace'))
  const waits = [...new Set(ledger.filter((row) => row.behind).map((row) => row.jobId))]
  return { jobs: looked, items, claims: claimsOf(begun, due, clocks), busy, quarantined, unsent, missed, waits }
}

/** What has begun, with what its job, locked by this transaction, says of it. */
function claimsOf(begun: Begun[], due: DueJob[], clocks: Clock[]): Claim[] {
  const jobOf = new Map(due.map((job) => [job.id, job]))
  const nextOf = new Map(clocks.map((clock) => [clock.id, clock.nextRunAt]))
  return begun.flatMap((it) => {
    const job = jobOf.get(it.jobId)
    const nextRunAt = nextOf.get(it.jobId) ?? null
    return job ? [{ ...it, jobVersion: job.version, recurring: job.type !== 'once', nextRunAt }] : []
  })
}

/** Jobs of which one more execution is parked now, and that may have several of them. */
function piling(due: DueJob[], ledger: LedgerRow[]): string[] {
  const parked = new Set(ledger.filter((row) => row.reason === 'circuit_open').map((row) => row.jobId))
  if (parked.size === 0) return []
  return due.filter((job) => parked.has(job.id) && job.policies.overlap === 'allow').map((job) => job.id)
}

const TO_BE_SENT: ReadonlySet<LedgerRow['state']> = new Set(['queued', 'waiting', 'parked'])
