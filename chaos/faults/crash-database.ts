// PostgreSQL ends without a shutdown, and its supervisor starts it again.
import { until } from '../../bench/until.ts'
import type { Rig } from '../scenario.ts'
import { withSession } from './sessions.ts'

/** `SIGQUIT` is its immediate stop: all its processes leave at once, nothing is written. `SIGKILL` takes the first of them. */
export type CrashSignal = 'SIGQUIT' | 'SIGKILL'

/** How long recovery from the log may take, ms. */
const RETURN_MS = 60_000

/** Returns how long the database was away, ms, from the signal until it answered. */
export async function crashDatabase({ embedded, url }: Rig, signal: CrashSignal): Promise<number> {
  const before = embedded.pid()
  const began = performance.now()
  process.kill(before, signal)
  await until(async () => embedded.pid() !== before && embedded.pid() > 0, RETURN_MS, 'another server')
  await until(() => answers(url), RETURN_MS, 'the database to answer')
  return performance.now() - began
}

/** Whether it lets somebody in. */
export async function answers(url: string): Promise<boolean> {
  return await withSession(url, async (session) => (await session.query('select 1')).rowCount === 1)
}
