/** pg-boss's queue of what is due now. It never holds anything deferred: a claim costs the same whatever waits. */
export const DELIVERY_QUEUE = 'deliver'

/** pg-boss's queue of our own chores. */
export const HOUSEKEEPING_QUEUE = 'housekeeping'

/** Seconds after which a worker that no longer touches its items has lost them. pg-boss's least. */
export const HEARTBEAT_SECONDS = 10

/** How often an item may be lost to a dying worker before its execution fails as `worker_crashed`. */
export const CRASH_BUDGET = 10

const deliveryOptions = {
  policy: 'standard',
  heartbeatSeconds: HEARTBEAT_SECONDS,
  // The heartbeat decides. This counts from the claim and no touch moves it, and an item may be held for any time before
  // its attempt of up to 15 minutes begins: as long as pg-boss allows, then, a day.
  expireInSeconds: 86_400,
  retryLimit: CRASH_BUDGET,
  retryDelay: 0,
  // A waiting item older than this is deleted without a word, so: never, in practice.
  retentionSeconds: 365 * 86_400,
  deleteAfterSeconds: 86_400,
} as const

const housekeepingOptions = {
  policy: 'standard',
  expireInSeconds: 3_600,
  retryLimit: 2,
  deleteAfterSeconds: 86_400,
} as const

/** The options of each of our queues, as `installQueue` writes them. */
export const queueOptions = {
  [DELIVERY_QUEUE]: deliveryOptions,
  [HOUSEKEEPING_QUEUE]: housekeepingOptions,
} as const
