import type { Logger } from 'pino'

/**
 * Says once that something went wrong, and once that it went well again: a database that is away for a minute is two
 * lines, not thousands. Counts what it kept to itself, and says so each minute.
 */
export interface Trouble {
  failed(error: unknown): void
  worked(): void
  /** How long to wait before the next try, ms: 100, doubling to 1,000; 0 while all is well. */
  readonly pauseMs: number
  /** Waits for so long, whatever wakes the loop meanwhile: a failure may itself be what wakes it. */
  pause(): Promise<void>
}

const AGAIN_MS = 60_000

export function createTrouble(log: Logger, what: string): Trouble {
  let failures = 0
  let saidAt = 0
  return {
    failed(error) {
      failures += 1
      const now = performance.now()
      if (failures === 1 || now - saidAt > AGAIN_MS) {
        saidAt = now
        log.warn({ reason: reasonOf(error), failures }, `${what} failed, trying again`)
      }
    },
    worked() {
      if (failures > 0) log.info({ failures }, `${what} works again`)
      failures = 0
    },
    get pauseMs() {
      return failures === 0 ? 0 : Math.min(1_000, 100 * 2 ** Math.min(failures - 1, 4))
    },
    async pause() {
      await new Promise((resolve) => setTimeout(resolve, this.pauseMs))
    },
  }
}

/** An error in a few words: its code or its message, never the object, which may hold a client or a request. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors[0]) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  // What wraps an error of the database says the statement's parameters as well, which are the client's.
  if (error.cause instanceof Error) return reasonOf(error.cause)
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? `${code}: ${error.message}` : error.message
}
