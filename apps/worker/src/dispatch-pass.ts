import type { Pool } from '@scheduler/db/client'
import type { DbClock } from '@scheduler/db/db-clock'
import { BACKSTOP_MS } from '@scheduler/db/notify'
import type { Park } from '@scheduler/db/queries/begin-attempts'
import { dispatchDue, PoisonJob } from '@scheduler/db/queries/dispatch-due'
import { dispatchHeld } from '@scheduler/db/queries/dispatch-held'
import { expireAcks } from '@scheduler/db/queries/expire-acks'
import { lookAhead } from '@scheduler/db/queries/look-ahead'
import { promote } from '@scheduler/db/queries/promote'
import { isDataError, quarantine } from '@scheduler/db/queries/quarantine-job'
import { resumeDue } from '@scheduler/db/queries/resume-due'
import type { Boss } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import type { Claimer } from './claimer.ts'
import type { Launcher } from './launcher.ts'
import { reasonOf } from './trouble.ts'

/**
 * How long to leave what is due to a worker that was quicker the last time, ms. While one is enough the others look a few times
 * a second instead of racing it for each execution; what it doesn't get to is theirs that much later.
 */
export const YIELD_MS = 20

/** How much too early a timer may ring, ms, at the most. */
const EARLY_MS = 5

/** Jobs or executions that one transaction dispatches at the most. */
export const BATCH = 250

export interface DispatcherParts {
  pool: Pool
  boss: Boss
  clock: DbClock
  log: Logger
  /** Grace of jobs that don't say, seconds. */
  graceSeconds: number
  /** How many executions of a destination one pass may put into the queue; the rest is parked. */
  most: (destination: string) => number
  /** Why, and until when, what is over that is parked. */
  overflow: (destination: string, now: Date) => Park
  workerId: string
  /**
   * Takes a place for an attempt at a destination, and says so, if one is free that nothing else waits for: what is dispatched
   * begins at once then.
   */
  take: Claimer['take']
  /** Sends what has begun so, and gives back the places of what has not. */
  launch: Launcher['launch']
  /** Told how many items were put into the queue. */
  onItems: (count: number) => void
  /** Told that items wait in the queue; nobody may have said so. */
  onItemsWait: () => void
  /** Told that events wait to be dealt with, and that notifications are due; nobody may have said so. */
  onEventsWait: () => void
  onNotificationsDue: () => void
  /** Whether the instance's URL is told of events, so that those of every job are written. */
  notifiesAll: boolean
  /** Told which destinations had executions parked. */
  onBusy: (destinations: string[]) => void
}

/** What a pass came to. */
export interface Passed {
  /** How much it dispatched. */
  done: number
  /** How long to sleep, ms; 0 when there may be more. */
  waitMs: number
  /** Whether it is for jobs that it sleeps: once it has, they are due. */
  forJobs: boolean
  /** Whether somebody else had what was due. */
  overtaken: boolean
}

/**
 * One pass: dispatches up to `limit` of what is due, and looks what is next.
 *
 * @param jobsAreDue whether some are for sure: they are dispatched before anything is asked
 */
export async function dispatchPass(parts: DispatcherParts, limit = BATCH, jobsAreDue = false): Promise<Passed> {
  let done = jobsAreDue ? await dispatchJobs(parts, limit) : 0
  const isMissed = jobsAreDue && done === 0
  if (done >= limit) return { done, waitMs: 0, forJobs: false, overtaken: false }
  const before = performance.now()
  const ahead = await lookAhead(parts.pool)
  const { now, nextRunAt, nextAttemptAt, pausedUntil, ackDeadlineAt } = ahead
  parts.clock.observe(now, before, performance.now())
  if (ahead.itemsWait) parts.onItemsWait()
  if (ahead.eventsWait) parts.onEventsWait()
  if (ahead.nextNotificationAt && ahead.nextNotificationAt <= now) parts.onNotificationsDue()
  const until = (at: Date | null) => (at ? at.getTime() - now.getTime() : BACKSTOP_MS)
  const [jobsInMs, heldInMs] = [until(nextRunAt), until(nextAttemptAt)]
  const [resumeInMs, acksInMs] = [until(pausedUntil), until(ackDeadlineAt)]

  let found = 0
  if (resumeInMs <= 0) found += await resumePaused(parts)
  if (acksInMs <= 0) found += await expire(parts, limit)
  if (jobsInMs <= 0) found += await dispatchJobs(parts, limit)
  if (heldInMs <= 0) {
    const { ids, limited } = await dispatchHeld(parts.pool, parts.boss, { limit })
    if (ids.length > 0) parts.onItems(ids.length)
    found += ids.length + limited
  }
  done += found
  if (found > 0) return { done, waitMs: 0, forJobs: false, overtaken: false }
  const soonestInMs = Math.min(jobsInMs, heldInMs, resumeInMs, acksInMs)
  // A timer may ring a little early; a millisecond more than the look-ahead said saves a second look.
  const waitMs = soonestInMs <= 0 ? YIELD_MS : Math.min(BACKSTOP_MS, Math.max(1, soonestInMs))
  const forJobs = nextRunAt !== null && jobsInMs > 0 && jobsInMs <= waitMs
  return { done, waitMs, forJobs, overtaken: soonestInMs <= 0 || (isMissed && jobsInMs > EARLY_MS) }
}

/** Ends attempts that nobody acknowledged in time; returns how many. */
async function expire({ pool, log }: DispatcherParts, limit: number): Promise<number> {
  const ended = await expireAcks(pool, limit)
  for (const { id, jobId, attempt, to } of ended) {
    log.warn({ executionId: id, jobId, attempt, state: to }, 'callback not acknowledged')
  }
  const done = ended.filter((it) => it.recurring && it.to !== 'waiting')
  await promote(
    pool,
    done.map((it) => it.jobId),
  )
  return ended.length
}

/** How many it resumed. What fails is left to the next pass, and keeps nothing else from being dispatched. */
async function resumePaused({ pool, boss, graceSeconds, log, onItems }: DispatcherParts): Promise<number> {
  const { resumed, quarantined, failed } = await resumeDue(pool, boss, graceSeconds)
  if (failed) log.warn({ reason: reasonOf(failed) }, 'job not resumed')
  for (const jobId of resumed) log.info({ jobId }, 'job resumed')
  for (const it of quarantined) log.error(it, 'job quarantined')
  if (resumed.length > 0) onItems(resumed.length)
  return resumed.length + quarantined.length
}

/** How many jobs it looked at. */
async function dispatchJobs(parts: DispatcherParts, limit: number): Promise<number> {
  try {
    return await dispatchBatch(parts, limit)
  } catch (error) {
    if (!isDataError(error)) throw error
    // The database refused a row of this batch: take the same jobs one by one, so that only the culprit stays behind.
    return await dispatchOneByOne(parts)
  }
}

/** Dispatches jobs, and sends what begins at once. */
async function dispatchBatch(parts: DispatcherParts, limit: number): Promise<number> {
  let jobs = 0
  let waits: string[] = []
  await parts.launch(async (taken) => {
    const take = (destination: string) => {
      const isFree = parts.take(destination)
      if (isFree) taken.push(destination)
      return isFree
    }
    const done = await dispatchDue(parts.pool, parts.boss, {
      ...{ ...parts, limit },
      begin: { workerId: parts.workerId, take },
    })
    report(parts, done)
    jobs = done.jobs
    waits = done.waits
    return done.claims
  })
  await promote(parts.pool, waits)
  return jobs
}

async function dispatchOneByOne(parts: DispatcherParts): Promise<number> {
  for (let taken = 0; taken < BATCH; taken += 1) {
    try {
      if ((await dispatchBatch(parts, 1)) === 0) return taken
    } catch (error) {
      if (!(error instanceof PoisonJob)) throw error
      await quarantine(parts.pool, error.jobId, 'The database refused what this job would have recorded.')
      parts.log.error({ jobId: error.jobId, reason: String(error.cause) }, 'job quarantined')
    }
  }
  return BATCH
}

function report(parts: DispatcherParts, done: Awaited<ReturnType<typeof dispatchDue>>): void {
  for (const it of done.quarantined) parts.log.error(it, 'job quarantined')
  const { unsent: occurrences, missed } = done
  if (occurrences > 0) parts.log[missed > 0 ? 'warn' : 'debug']({ occurrences, missed }, 'occurrences not sent')
  if (done.jobs > 0) {
    parts.log.debug({ jobs: done.jobs, begun: done.claims.length, items: done.items }, 'dispatched')
  }
  if (done.busy.length > 0) parts.onBusy(done.busy)
  if (done.items > 0) parts.onItems(done.items)
}
