import type { Logger } from 'pino'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

/** Tries until the database answers; ends the process when it is told to stop before that. */
export async function untilDatabase<T>(attempt: () => Promise<T>, log: Logger, stop: Promise<unknown>): Promise<T> {
  const trouble = createTrouble(log, 'connecting to the database')
  const { sleep } = createWake()
  void stop.then(() => {
    if (!done) process.exit(0)
  })
  let done = false
  for (;;) {
    try {
      const result = await attempt()
      trouble.worked()
      done = true
      return result
    } catch (error) {
      trouble.failed(error)
      await sleep(trouble.pauseMs)
    }
  }
}
