import type { Pool } from '@scheduler/db/client'
import { isTimeout } from '@scheduler/db/database-away'
import { discardEvent, eventsAfter, type Handled, handleEvents } from '@scheduler/db/queries/handle-events'
import { isDataError } from '@scheduler/db/queries/quarantine-job'
import type { Logger } from 'pino'
import { createTrouble, reasonOf } from './trouble.ts'
import { createWake } from './wake.ts'

/** Events that one transaction deals with at the most. */
const BATCH = 250

/** Of those that are dealt with each by itself, how many before all are tried together again. */
const MOST_ALONE = 2_500

/** Before the id of any event. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000'

/** How long to leave events that another worker is at, ms. */
const BUSY_MS = 20

export interface AftermathParts {
  pool: Pool
  log: Logger
  /** The instance's URL, which is told of everything; null where there is none. */
  instanceUrl: string | null
  /** Told that notifications were written. */
  onNotifications: () => void
}

export interface AftermathLoop {
  /** Events may wait. */
  wake(): void
  stop(): Promise<void>
}

/**
 * Deals with events once they are committed: counts failures on their jobs, pauses these, and writes what is told. What it
 * does not get to, because the worker dies, any other finds within a second.
 */
export function startAftermath(parts: AftermathParts): AftermathLoop {
  const { wake, sleep } = createWake()
  const trouble = createTrouble(parts.log, 'handling events')
  let stopped = false

  const loop = async () => {
    while (!stopped) {
      try {
        const handled = await aftermathPass(parts)
        trouble.worked()
        if (handled === null) await sleep(BUSY_MS)
        else if (handled === 0) await sleep(60_000)
      } catch (error) {
        trouble.failed(error)
        await sleep(trouble.pauseMs)
      }
    }
  }
  const running = loop()

  return {
    wake,
    async stop() {
      stopped = true
      wake()
      await running
    },
  }
}

/** One pass: how many events it dealt with; null when another worker is at it. */
export async function aftermathPass(parts: AftermathParts): Promise<number | null> {
  try {
    return report(parts, await handleEvents(parts.pool, { ...parts, limit: BATCH }))
  } catch (error) {
    if (!isPoison(error) && !isTimeout(error)) throw error
    // One of them can't be dealt with, or not in time: each by itself, so that only that one is set aside or left.
    return await oneByOne(parts)
  }
}

/**
 * Deals with each event by itself. What takes too long is left for the next pass, with all that is of the same job, so that
 * its events stay in order; it then goes on past these, since those of one job may be any number.
 */
async function oneByOne(parts: AftermathParts): Promise<number | null> {
  const slow = new Set<string>()
  let handled = 0
  let page = await eventsAfter(parts.pool, FIRST_ID, BATCH)
  for (let it = page.shift(); it && handled < MOST_ALONE; it = page.shift()) {
    const about = it.jobId ?? it.id
    if (!slow.has(about)) {
      const outcome = await one(parts, it.id)
      if (outcome === null) return null
      if (outcome !== 'slow') handled += outcome
      else {
        slow.add(about)
        // Read anew: a database that answers nothing at all says so here.
        page = []
      }
    }
    if (page.length === 0 && slow.size > 0) page = await eventsAfter(parts.pool, it.id, BATCH)
  }
  if (slow.size > 0) parts.log.warn({ left: slow.size }, 'events left')
  return handled
}

/** Deals with one event, or sets it aside; null when another worker is at it. */
async function one(parts: AftermathParts, id: string): Promise<number | 'slow' | null> {
  try {
    return report(parts, await handleEvents(parts.pool, { ...parts, limit: 1, ids: [id] }))
  } catch (error) {
    if (isTimeout(error)) return 'slow'
    if (!isPoison(error)) throw error
    const discarded = await discardEvent(parts.pool, id)
    if (discarded) parts.log.error({ ...discarded, reason: reasonOf(error) }, 'event set aside')
    return 1
  }
}

/** Whether an event is at fault, as opposed to the database being away or busy. */
const isPoison = (error: unknown): boolean =>
  isDataError(error) || error instanceof TypeError || error instanceof RangeError

function report(parts: AftermathParts, handled: Handled | null): number | null {
  if (handled === null) return null
  for (const it of handled.paused) parts.log.warn(it, 'job paused')
  if (handled.notifications > 0) parts.onNotifications()
  return handled.events
}
