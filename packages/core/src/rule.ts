import { compileCron } from './cron.ts'
import { readStored, resolveStored } from './datetime.ts'
import { interval } from './interval.ts'
import { disjoint, except, never, plus, type Range, single, until } from './recurrence.ts'
import { compileRrule } from './rrule.ts'
import type { Dst, RruleSchedule, Schedule } from './schedule.ts'
import { type Zoned, zoned } from './zoned.ts'

const DAY = 86_400_000

/**
 * The instants that a schedule's rule names, without the schedule's bounds. Its wall times are placed by `dst`; but a
 * cron that has a star for the minute or the hour runs as the clocks show (the rule of Vixie's cron), and exact units are
 * durations.
 *
 * @throws RangeError when the schedule or the zone is not one that was accepted.
 */
export function rule(schedule: Schedule, zone: string, dst: Dst): Zoned {
  switch (schedule.type) {
    case 'once':
      return { ...single(readStored(schedule.at).instant), mark: () => null, gapsIn: () => [] }
    case 'interval':
      return interval(schedule, zone, dst)
    case 'cron': {
      const { walls, asTheyCome } = compileCron(schedule.cron)
      return zoned(walls, zone, asTheyCome ? null : dst)
    }
    case 'rrule':
      return rrule(schedule, zone, dst)
  }
}

function rrule(schedule: RruleSchedule, zone: string, dst: Dst): Zoned {
  const it = compileRrule(schedule.rrule, resolveStored(schedule.anchor, zone), zone)
  const named: Zoned = it.walls
    ? zoned(it.walls, zone, dst)
    : { ...(it.instants ?? never), mark: () => null, gapsIn: () => [] }
  const bounded = it.untilInstant === null ? named : { ...named, ...until(named, it.untilInstant) }
  const added = [...it.rdates.instants, ...instantsOf(it.rdates.walls, zone, dst)]
  const left = [
    ...it.exdates.instants.map(alone),
    ...instantsOf(it.exdates.walls, zone, dst).map(alone),
    ...it.exdates.days.map((wall): Range => dayOf(wall, zone)),
  ]
  const holes = disjoint(left)
  const kept = except(plus(bounded, added), holes)
  return {
    ...bounded,
    ...kept,
    gapsIn: (from, to) =>
      bounded.gapsIn(from, to).filter((run) => !holes.some((hole) => hole.from <= run.first && run.last < hole.to)),
  }
}

const alone = (instant: number): Range => ({ from: instant, to: instant + 1 })

/** The instants of listed wall times; none for one in a gap that is skipped. */
function instantsOf(walls: number[], zone: string, dst: Dst): number[] {
  return walls.flatMap((wall) => {
    const it = zoned(single(wall), zone, dst)
    const first = it.after(wall - 2 * DAY)
    const second = first === null ? null : it.after(first)
    return [first, second].filter((instant) => instant !== null)
  })
}

/** A whole wall day. */
function dayOf(wall: number, zone: string): Range {
  const start = (midnight: number) =>
    zoned(single(midnight), zone, { gap: 'next_valid', fold: 'first' }).after(midnight - 2 * DAY)
  return { from: start(wall) ?? wall, to: start(wall + DAY) ?? wall + DAY }
}
