import { launcherGone } from './ancestors.ts'

export interface StopRequest {
  /** Resolves with the reason. */
  readonly requested: Promise<string>
  /** Aborted at the same moment. */
  readonly signal: AbortSignal
  /** Aborted when somebody will not wait for the end. */
  readonly forced: AbortSignal
}

/** A key press may arrive twice: from the terminal and, passed on, from the package manager. */
const ONE_PRESS_MS = 500

/** Listens for all that asks us to end: signals, and the end of the package manager that started us. */
export function listenForStop(): StopRequest {
  const stopping = new AbortController()
  const forcing = new AbortController()
  const { promise: requested, resolve } = Promise.withResolvers<string>()
  let since = 0
  const request = (reason: string) => {
    if (!stopping.signal.aborted) {
      since = Date.now()
      resolve(reason)
      stopping.abort()
    } else if (reason === 'SIGINT' && Date.now() - since > ONE_PRESS_MS) {
      forcing.abort()
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request)
  void launcherGone().then(() => request('the command that started this is gone'))
  return { requested, signal: stopping.signal, forced: forcing.signal }
}
