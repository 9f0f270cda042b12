// Somebody else's connections, until the server has none left.
import type pg from 'pg'
import { wait } from '../../bench/until.ts'
import { openSession, terminateOthers } from './sessions.ts'

/** How many of them ask at the same time: whoever else asks is one of many. */
const AT_ONCE = 8

export interface Slots {
  /** How many are taken. */
  readonly taken: number
  release(): Promise<void>
}

/**
 * Takes every slot, those that are kept for superusers too: the service connects as one where the database is the embedded
 * one, so that no setting keeps it out. What others have is ended, and taken as it falls free, until the release.
 */
export async function takeSlots(url: string): Promise<Slots> {
  const sessions: pg.Client[] = []
  let released = false
  const take = async () => {
    while (!released) {
      try {
        sessions.push(await openSession(url))
      } catch {
        await wait(10)
      }
    }
  }
  const first = await openSession(url)
  const taking = Array.from({ length: AT_ONCE }, take)
  const ending = (async () => {
    while (!released) {
      await terminateOthers(first)
      await wait(100)
    }
  })()
  return {
    get taken() {
      return sessions.length + 1
    },
    async release() {
      released = true
      await Promise.all([ending, ...taking])
      await Promise.all([first, ...sessions].map((it) => it.end()))
    },
  }
}
