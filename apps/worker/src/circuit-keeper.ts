import { type CircuitSettings, closedCircuit } from '@scheduler/core/shared-circuit'
import type { Pool } from '@scheduler/db/client'
import type { DbClock } from '@scheduler/db/db-clock'
import { reportOutcomes } from '@scheduler/db/queries/report-outcomes'
import { readCircuits } from '@scheduler/db/queries/shared-circuits'
import type { Logger } from 'pino'
import type { Destinations } from './destinations.ts'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

/** Destinations that one transaction reports of at the most: their rows are locked until its end. */
const BATCH = 100

/** How long outcomes gather before they are told, ms. */
const GATHER_MS = 3

export interface CircuitKeeperParts {
  pool: Pool
  clock: DbClock
  log: Logger
  destinations: Destinations
  settings: CircuitSettings
  /** Told when circuits may be other than they were. */
  onLearn: () => void
}

export interface CircuitKeeper {
  /** An attempt has ended in a way that the others should know of. */
  tell(): void
  /** The circuit of a destination may have changed; `''`: any that is open here. */
  ask(destination: string): void
  /** Tells what is left, and stops. */
  stop(): Promise<void>
}

/** Keeps the circuits of this worker and those of the cluster the same: tells how attempts end, and hears what came of it. */
export function startCircuitKeeper(parts: CircuitKeeperParts): CircuitKeeper {
  const { pool, clock, log, destinations, settings } = parts
  const { wake, sleep } = createWake()
  const trouble = createTrouble(log, 'keeping circuits')
  let asked = new Set<string>()
  let stopped = false

  /** Whether there was something to tell. */
  const tell = async (): Promise<boolean> => {
    const all = destinations.takeOutcomes()
    for (let from = 0; from < all.length; from += BATCH) {
      const reports = all.slice(from, from + BATCH)
      try {
        const { circuits, changed } = await reportOutcomes(pool, reports, settings)
        destinations.outcomesTold(reports, { again: false })
        for (const circuit of circuits) destinations.learn(circuit.destination, circuit, clock.now())
        for (const { destination, state, failures } of changed) {
          log.warn({ destination, state, failures }, 'circuit changed')
        }
      } catch (error) {
        destinations.outcomesTold(all.slice(from), { again: true })
        throw error
      }
    }
    return all.length > 0
  }

  /** Whether there was something to ask for. */
  const hear = async (): Promise<boolean> => {
    const names = new Set(asked.has('') ? [...asked, ...destinations.open()] : asked)
    asked = new Set()
    names.delete('')
    if (names.size === 0) return false
    try {
      const found = await readCircuits(pool, [...names])
      const byName = new Map(found.map((it) => [it.destination, it]))
      for (const name of names) destinations.learn(name, byName.get(name) ?? closedCircuit, clock.now())
    } catch (error) {
      for (const name of names) asked.add(name)
      throw error
    }
    return true
  }

  const loop = async () => {
    while (!stopped) {
      await sleep(trouble.pauseMs || 60_000)
      if (!stopped) await new Promise((resolve) => setTimeout(resolve, GATHER_MS))
      try {
        const told = await tell()
        if ((await hear()) || told) parts.onLearn()
        trouble.worked()
      } catch (error) {
        trouble.failed(error)
      }
    }
  }
  const running = loop()

  return {
    tell: wake,
    ask(destination) {
      asked.add(destination)
      wake()
    },
    async stop() {
      stopped = true
      wake()
      await running
      await tell().catch(() => {})
    },
  }
}
