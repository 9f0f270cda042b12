import type { DstMark } from './schedule.ts'
import { formatInZone, formatWall } from './timezone.ts'
import { type Change, changesBetween } from './zone-changes.ts'

const DAY = 86_400_000

/** The change of a zone's clocks nearest to an instant, within a day of it; null when there is none. */
export function clockChange(zone: string, instant: number): Change | null {
  const near = changesBetween(zone, instant - DAY, instant + DAY)
  const [nearest] = near.sort((a, b) => Math.abs(a.at - instant) - Math.abs(b.at - instant))
  return nearest ?? null
}

/**
 * A nominal time as ISO 8601 with offset. One that a gap leaves out is the wall time that does not exist, with the offset of
 * before the change, `02:30:00-05:00`; in a zone whose clocks do not change then, just its instant.
 */
export function formatNominal(nominal: number, dst: DstMark, zone: string): string {
  const wall = dst === 'gap_skipped' ? skippedWall(nominal, zone) : null
  return wall === null ? formatInZone(nominal, zone) : formatWall(wall, nominal)
}

/** The wall time in a gap that an instant stands for, as far past the gap as it is into it; null when there is none. */
export function skippedWall(instant: number, zone: string): number | null {
  const gap = changesBetween(zone, instant - DAY - 1, instant + 1).find(
    ({ at, before, after }) => at <= instant && instant < at + after - before,
  )
  return gap ? instant + gap.before : null
}
