// Workers and APIs that are killed, stopped and told to end.

import type { Worker } from '../../bench/processes.ts'
import { wait } from '../../bench/until.ts'
import type { Api, Rig } from '../scenario.ts'
import { flyingOf } from './flying.ts'
import { shuffled } from './plan.ts'

/** How long the claims of a worker that is gone outlive it, ms: from its last heartbeat until they are given back. */
export const LEASE_MS = 12_000
/** In which the database has done what a worker had asked of it before it was stopped, ms. */
const SETTLED_MS = 250
/** Stops after which no worker with attempts in flight is looked for. */
const MOST_TRIES = 40

/** SIGKILL, and another in its place. */
export async function killWorker(rig: Rig, env: Record<string, string> = {}): Promise<void> {
  const victim = take(rig, rig.dice.pick(rig.workers))
  const pid = pidOf(victim)
  await rig.fault({ kind: 'worker killed', pids: [pid], mayRepeat: true }, async (fault) => {
    await victim.end('SIGKILL')
    fault.inFlight = await inFlightOf(rig, pid)
    await rig.startWorkers(1, env)
  })
}

/** SIGSTOP, and SIGCONT after some time. Whether its attempts are made again depends on how long that is. */
export async function stopWorker(rig: Rig, forMs: number): Promise<void> {
  await stop(rig, rig.dice.pick(rig.workers), forMs)
}

/**
 * The same of a worker with attempts in flight: one claim may take all that is due, so that now and then a worker has none.
 *
 * @returns how many attempts were in flight on it
 */
export async function stopBusyWorker(rig: Rig, forMs: number): Promise<number> {
  // One throw of the dice, however often it takes: what comes after it is the same for the same seed.
  const victims = shuffled(rig.workers, rig.dice)
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const victim = victims[tries % victims.length]
    const inFlight = victim ? await stop(rig, victim, forMs, 1) : 0
    if (inFlight > 0) return inFlight
  }
  throw new Error(
    `No worker had attempts in flight, of ${victims.length} that were looked at ${MOST_TRIES} times in turn.`,
  )
}

/** One with fewer attempts in flight than `least` goes on at once. @returns how many there were, where that was looked at */
async function stop(rig: Rig, victim: Worker, forMs: number, least = 0): Promise<number> {
  const pid = pidOf(victim)
  const isLong = forMs > LEASE_MS / 2
  return await rig.fault({ kind: 'worker stopped', pids: [pid], mayRepeat: false }, async (fault) => {
    victim.process.kill('SIGSTOP')
    try {
      if (least > 0) await wait(SETTLED_MS)
      const inFlight = isLong || least > 0 ? await inFlightOf(rig, pid) : 0
      if (inFlight < least) return inFlight
      if (isLong) Object.assign(fault, { mayRepeat: true, inFlight })
      await wait(forMs)
      return inFlight
    } finally {
      victim.process.kill('SIGCONT')
    }
  })
}

/** SIGTERM. @returns its exit code, null where a signal ended it, and how long that took */
export async function endWorker(rig: Rig, victim: Worker): Promise<{ code: number | null; ms: number }> {
  take(rig, victim)
  const since = performance.now()
  const code = await victim.end('SIGTERM')
  return { code, ms: performance.now() - since }
}

/** SIGKILL, and another in its place. Calls that were under way are not answered. */
export async function killApi(rig: Rig): Promise<void> {
  await replaceApi(rig, async (victim) => void (await victim.end('SIGKILL')))
}

async function replaceApi(rig: Rig, end: (victim: Api) => Promise<void>): Promise<void> {
  const [victim] = rig.apis
  if (!victim) throw new Error('There is no API.')
  await rig.fault({ kind: 'API killed', pids: [], mayRepeat: false }, async () => {
    rig.apis.splice(0, 1)
    await end(victim)
    await rig.startApi()
  })
}

/** Executions that are recorded as in flight on a worker. */
export const inFlightOf = async (rig: Rig, pid: number): Promise<number> => (await flyingOf(rig.pool, pid)).length

export const pidOf = (worker: Worker): number => worker.process.pid ?? 0

function take(rig: Rig, worker: Worker): Worker {
  rig.workers.splice(rig.workers.indexOf(worker), 1)
  return worker
}
