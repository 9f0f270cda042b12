import type { Deps } from './route.ts'

/** The database's time, to the millisecond: from the clock, or asked for when the clock does not know it yet. */
export async function databaseNow({ clock, pool }: Pick<Deps, 'clock' | 'pool'>): Promise<Date> {
  try {
    return clock.now()
  } catch {
    // It knows no time before it has been told one: the API started while the database was away.
    await clock.refresh(pool)
    return clock.now()
  }
}
