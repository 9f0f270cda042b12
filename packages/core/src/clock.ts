/** Where the time comes from. Decisions about jobs use the database's clock; this one serves logs and answers. */
export interface Clock {
  now(): Date
}

/** The machine's clock; the only place of the core that reads it. */
export const systemClock: Clock = { now: () => new Date() }
