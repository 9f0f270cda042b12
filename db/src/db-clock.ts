import type { Pool, PoolClient } from './client.ts'

/**
 * The database's time, known without asking each time: the last answer plus what this machine's monotonic timer says has
 * passed since. Setting the machine's wall clock changes nothing. Good to about a round trip.
 */
export interface DbClock {
  /** @throws when the database has not been asked yet. */
  now(): Date
  /**
   * What it may be at the most: ahead of the database's time by up to a round trip, where `now` is behind it. For what
   * must not happen too soon after something. @throws as `now`
   */
  latest(): Date
  /** Takes over a time the database gave, with the `performance.now()` of just before and just after it was asked. */
  observe(databaseNow: Date, before: number, after: number): void
  /** Asks the database. */
  refresh(client: Pool | PoolClient): Promise<Date>
}

export function createDbClock(): DbClock {
  let offset: number | null = null
  let latestOffset: number | null = null
  const from = (it: number | null) => {
    if (it === null) throw new Error("The database's time is not known yet.")
    return new Date(performance.now() + it)
  }

  return {
    now: () => from(offset),
    latest: () => from(latestOffset),
    observe(databaseNow, before, after) {
      // The answer is at least as old as its way back: taking `after` never puts our time ahead of the database's, so
      // nothing can look due before it is.
      offset = databaseNow.getTime() - after
      // Nor is it older than the question; its own part of a millisecond is cut off.
      latestOffset = databaseNow.getTime() + 1 - before
    },
    async refresh(client) {
      const before = performance.now()
      const { rows } = await client.query<{ now: Date }>('select clock_timestamp() as now')
      const now = rows[0]?.now
      if (!now) throw new Error('The database did not say what time it is.')
      this.observe(now, before, performance.now())
      return now
    },
  }
}
