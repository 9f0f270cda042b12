import pg from 'pg'
import { wait } from '../../bench/until.ts'

const EVERY_MS = 20

/** Looks again and again for how long statements of ours, but for the migration's, have waited for a lock. `stop` returns the longest, ms. */
export function watchLocks(url: string): { stop(): Promise<number> } {
  let longest = 0
  let stopped = false
  const look = async () => {
    const client = new pg.Client({ connectionString: url, application_name: 'lock watch' })
    await client.connect()
    while (!stopped) {
      const { rows } = await client.query<{ ms: number | null }>(`
        select max(extract(epoch from clock_timestamp() - waitstart) * 1000)::float8 as ms
        from pg_locks join pg_stat_activity using (pid)
        where not granted and application_name like 'scheduler%' and application_name <> 'scheduler migrate'`)
      longest = Math.max(longest, rows[0]?.ms ?? 0)
      await wait(EVERY_MS)
    }
    await client.end()
  }
  const looking = look()
  return {
    async stop() {
      stopped = true
      await looking
      return longest
    },
  }
}
