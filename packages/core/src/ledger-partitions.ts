const DAY_MS = 86_400_000

/** Partitions that the retention of the ledger is cut into. Each statement prepares all of them: a hundred would cost every claim. */
const WITHIN_RETENTION = 8

/** From when to when a partition holds the executions of; `to` is exclusive. Both are midnights UTC. */
export interface PartitionRange {
  from: Date
  to: Date
}

/** How many days a partition of a ledger that is kept so long is to hold. */
export function partitionDays(retentionDays: number): number {
  return Math.max(1, Math.ceil(retentionDays / WITHIN_RETENTION))
}

/**
 * The partitions that are wanting, for there to be one of `now` and one after it: each from the end of the last one to the next
 * multiple of the width. What lies between an end long ago and now stays without: a service that slept for weeks has little from
 * that time.
 *
 * @param end where the last partition ends; null when there is none
 */
export function partitionsToMake(end: Date | null, now: Date, retentionDays: number): PartitionRange[] {
  const width = partitionDays(retentionDays) * DAY_MS
  const boundary = (time: number) => Math.floor(time / width) * width
  const ranges: PartitionRange[] = []
  let from = Math.max(end?.getTime() ?? Number.NEGATIVE_INFINITY, boundary(now.getTime()))
  const needed = boundary(now.getTime()) + 2 * width
  while (from < needed) {
    const to = boundary(from) + width
    ranges.push({ from: new Date(from), to: new Date(to) })
    from = to
  }
  return ranges
}

/** Whether all that a partition is for, what finished soon after its time, is past retention. */
export function isPastRetention(end: Date, now: Date, retentionDays: number): boolean {
  // A day more: whatever in it finished within retention did so more than a day after its time, and `executions_late` has it.
  return end.getTime() <= now.getTime() - (retentionDays + 1) * DAY_MS
}
