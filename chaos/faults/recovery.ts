// How long the service takes to be back by itself, once what kept it from its work is gone.
import { until } from '../../bench/until.ts'
import type { Rig } from '../scenario.ts'

/** Within how long after its database's return all must work again, ms. */
const RECOVERY_MS = 5_000
/** How long to look for it; a test that ends there says more than one that hangs. */
const LONGEST_MS = 60_000

export interface Recovery {
  /** Until a callback arrived, and until the API answered with a success, ms. */
  callbackMs: number
  apiMs: number
}

/** Measures from now on, which is when the database is back. */
export async function recover(rig: Rig): Promise<Recovery> {
  const began = performance.now()
  const before = await rig.receiver.count()
  const since = () => performance.now() - began
  const [callbackMs, apiMs] = await Promise.all([
    until(async () => (await rig.receiver.count()) > before, LONGEST_MS, 'a callback').then(since),
    until(() => answers(rig), LONGEST_MS, 'the API').then(since),
  ])
  return { callbackMs, apiMs }
}

/** Whether the API reads from the database. */
async function answers({ apis }: Rig): Promise<boolean> {
  const answer = await fetch(`${apis[0]?.origin}/jobs?limit=1`, { signal: AbortSignal.timeout(5_000) })
  await answer.arrayBuffer()
  return answer.ok
}

export function checkRecoveries(rig: Rig, recoveries: Recovery[], withinMs = RECOVERY_MS): void {
  const seconds = (of: (it: Recovery) => number) => Math.max(...recoveries.map(of)) / 1_000
  const [callback, api] = [seconds((it) => it.callbackMs), seconds((it) => it.apiMs)]
  const limit = `${withinMs / 1_000} s`
  rig.check(
    `a callback within ${limit} of its return`,
    callback * 1_000 <= withinMs,
    `${callback.toFixed(1)} s at most`,
  )
  rig.check(`the API within ${limit} of its return`, api * 1_000 <= withinMs, `${api.toFixed(1)} s at most`)
}
