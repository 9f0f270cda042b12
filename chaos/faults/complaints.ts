// What PostgreSQL says to somebody who writes while it is unwell: the codes that the service has to understand.
import { wait } from '../../bench/until.ts'
import { withSession } from './sessions.ts'

export interface Complaints {
  /** It is unwell from now on; and well again. */
  harm(): void
  heal(): void
  /** The codes that were met meanwhile, each once, with how often. */
  stop(): Promise<string[]>
}

/** Writes rows, ten times a second, into a table of its own. */
export function complainingWriter(url: string): Complaints {
  const met = new Map<string, number>()
  let isUnwell = false
  let stopped = false
  const write = async () =>
    await withSession(url, async (session) => {
      await session.query('create table if not exists chaos_rows (row text)')
      // Nothing that could be stored in less space than it has.
      await session.query(`
        insert into chaos_rows select (select string_agg(md5(random()::text || n), '') from generate_series(1, 60))
        from generate_series(1, 50) as n`)
    })
  const loop = async () => {
    while (!stopped) {
      if (isUnwell) await write().catch((error: unknown) => met.set(codeOf(error), (met.get(codeOf(error)) ?? 0) + 1))
      await wait(100)
    }
  }
  const running = loop()
  return {
    harm() {
      isUnwell = true
    },
    heal() {
      isUnwell = false
    },
    async stop() {
      stopped = true
      await running
      await withSession(url, (session) => session.query('drop table if exists chaos_rows'))
      return [...met].map(([code, times]) => `${code} (${times})`)
    },
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : error.message
}
