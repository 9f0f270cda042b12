import type { Pool } from '@scheduler/db/client'
import type { DbClock } from '@scheduler/db/db-clock'
import { beat, type Heartbeat } from '@scheduler/db/queries/workers'
import type { Logger } from 'pino'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

const BEAT_MS = 5_000

export interface HeartbeatParts {
  pool: Pool
  clock: DbClock
  log: Logger
  /** Done with each heartbeat. */
  onBeat: () => Promise<void>
  /** What the next heartbeat says. */
  current: () => Heartbeat
}

/** Tells the database every few seconds that this worker lives. */
export function startHeartbeat(parts: HeartbeatParts): { beatNow(): void; stop(): Promise<void> } {
  const { wake, sleep } = createWake()
  const trouble = createTrouble(parts.log, 'heartbeat')
  let stopped = false

  const loop = async () => {
    while (!stopped) {
      try {
        const heartbeat = parts.current()
        const before = performance.now()
        parts.clock.observe(await beat(parts.pool, heartbeat), before, performance.now())
        await parts.onBeat()
        trouble.worked()
      } catch (error) {
        trouble.failed(error)
      }
      await sleep(trouble.pauseMs || BEAT_MS)
    }
  }
  const running = loop()

  return {
    beatNow: wake,
    async stop() {
      stopped = true
      wake()
      await running
    },
  }
}
