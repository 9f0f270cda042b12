// What the scenarios about the database have in common: four workers, an API, clients, and what holds of them throughout.
import { watchHoldUps } from '@scheduler/db/test/hold-ups'
import { until } from '../../bench/until.ts'
import type { Clients, Load, Rig } from '../scenario.ts'

/** How long the API may take to say that it can't, ms. */
const ANSWER_MS = 2_000

/** Clients, and for how long the machine itself held an answer up at the most, ms. */
export interface WatchedClients extends Clients {
  heldUpMs(): number
}

/** Starts all, and waits for the first callbacks. */
export async function underLoad(
  rig: Rig,
  load: Partial<Load> = {},
  env: Record<string, string> = {},
): Promise<WatchedClients> {
  await rig.startApi(env)
  await rig.startWorkers(4, env)
  const usual = { intervals: rig.short ? 20 : 80, everyMs: 2_000, oncePerSecond: 5, changesPerSecond: 2, delayMs: 100 }
  const clients = rig.startLoad({ ...usual, ...load })
  await until(async () => (await rig.receiver.count()) >= 20, 30_000, 'the first callbacks')
  return { ...clients, heldUpMs: watchHoldUps().longestMs }
}

/** Attempts in flight just now, as the ledger has it: not fewer than there are. */
export async function countInFlight({ pool }: Pick<Rig, 'pool'>): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from executions where state = 'running' and ack_deadline_at is null`,
  )
  return rows[0]?.n ?? 0
}

/** Somebody answered each request, and none of them took long. What was answered is judged with the rest. */
export function checkAnswers(rig: Rig, { answers, heldUpMs }: WatchedClients, withinMs = ANSWER_MS): void {
  const { slowestMs, 'no answer': none = 0 } = answers()
  const held = heldUpMs()
  rig.check('calls of the API that were broken off', none === 0, none)
  const figure = `${slowestMs.toFixed(0)} ms, of which the machine held up to ${held.toFixed(0)} ms`
  rig.check(`slowest answer of the API at most ${withinMs / 1_000} s`, slowestMs <= withinMs + held, figure)
}
