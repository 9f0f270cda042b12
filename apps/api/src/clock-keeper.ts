import type { Pool } from '@scheduler/db/client'
import type { DbClock } from '@scheduler/db/db-clock'

const REFRESH_MS = 5_000

/** Asks the database for its time now and then, so that the clock follows it. Returns what ends that. */
export function keepClock(clock: DbClock, pool: Pool): () => void {
  // A database that is away is told to whoever asks for something; here it only means that the clock runs on.
  const refresh = () => void clock.refresh(pool).catch(() => {})
  refresh()
  const timer = setInterval(refresh, REFRESH_MS)
  return () => clearInterval(timer)
}
