/**
 * How a job's callbacks are made, beyond where and when. `StoredDelivery` is what `jobs.delivery` holds (JSON), so it
 * changes only by adding; what is left out is at its default, and a job with nothing but defaults stores null.
 */

export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type Method = (typeof methods)[number]

/** Methods whose requests have no body. */
export const bodiless: ReadonlySet<Method> = new Set(['GET', 'HEAD'])

/** A header as it is stored: its value, or, of a secret one, the value sealed (see seal.ts). Names are lower case. */
export type StoredHeader = { name: string; value: string } | { name: string; sealed: string }

/** When a failed attempt is followed by another. */
export interface Retry {
  /** Attempts after the first. */
  limit: number
  minBackoffSeconds: number
  maxBackoffSeconds: number
  /** What the backoff is multiplied with from one failure to the next. */
  factor: number
  /** The largest part of itself that is added to a backoff: 0.2 makes 10 seconds 10 to 12. */
  jitter: number
  /** No attempt begins later than this after the first, seconds. */
  maxAgeSeconds: number
  /** Whether there are no more attempts once the job's next occurrence is due. */
  stopAtNext: boolean
}

export const defaultRetry: Retry = {
  limit: 3,
  minBackoffSeconds: 10,
  maxBackoffSeconds: 3_600,
  factor: 2,
  jitter: 0.2,
  maxAgeSeconds: 86_400,
  stopAtNext: false,
}

export const DEFAULT_TIMEOUT_SECONDS = 10
export const DEFAULT_SUCCESS: readonly string[] = ['2xx']
/** How long a receiver may take to acknowledge, where the job does not say. */
export const DEFAULT_ASYNC_SECONDS = 300

/** A receiver that answers 202 has this long to acknowledge, or to say that it is still at it. */
export interface AsyncCompletion {
  timeoutSeconds: number
}

export const notifyEvents = [
  'job.failing',
  'job.recovered',
  'job.paused',
  'execution.dead_lettered',
  'execution.missed',
  'circuit.opened',
  'circuit.closed',
] as const
export type NotifyEvent = (typeof notifyEvents)[number]

/** Where a job's events are sent, and which; without `events`, all of them. */
export interface Notify {
  url: string
  events?: NotifyEvent[]
}

export interface StoredDelivery {
  method?: Method
  headers?: StoredHeader[]
  /** Whether `jobs.payload` is a body that the client wrote out itself, not a JSON object of ours. */
  raw?: true
  timeoutSeconds?: number
  /** Statuses that are a success: `2xx`, `204`, `200-299`. */
  success?: string[]
  retry?: Partial<Retry>
  /** Pauses the job after so many executions in a row have failed for good. */
  pauseAfter?: number
  /** One or two secrets, sealed; the newest first. Each signs every request. */
  signing?: string[]
  async?: AsyncCompletion
  notify?: Notify
}

/** A job's retry policy, with the defaults filled in. */
export const retryOf = (delivery: StoredDelivery | null): Retry => ({ ...defaultRetry, ...delivery?.retry })

/** How long an attempt may take, ms. */
export const timeoutMsOf = (delivery: StoredDelivery | null): number =>
  (delivery?.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1_000
