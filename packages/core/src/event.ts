/**
 * What can happen. An execution's events are those that say something about its job: a failure for good, and the first
 * success after one.
 */
export const eventTypes = [
  'execution.failed',
  'execution.succeeded',
  'execution.missed',
  'circuit.opened',
  'circuit.closed',
] as const
export type EventType = (typeof eventTypes)[number]

/** Something that has happened, as it was written down. */
export interface Event {
  id: string
  type: EventType
  jobId: string | null
  executionId: string | null
  destination: string | null
  at: Date
  /** What else is told of it. */
  data: Record<string, unknown>
}

/** In the order in which it happened: ids are made by workers whose clocks may differ, times are the database's. */
export const inOrder = (events: readonly Event[]): Event[] =>
  [...events].sort((a, b) => a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : 1))
