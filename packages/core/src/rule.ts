import { compileCron } from './cron.ts'
import { readStored, resolveStored } from './datetime.ts'
import { interval } from './interval.ts'
import {
  disjoint,
  except,
  has,
  never,
  plus,
  type Range,
  type Recurrence,
  rangeOf,
  since,
  single,
  until,
} from './recurrence.ts'
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
      return unmoved(single(readStored(schedule.at).instant))
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

/** Wall times and instants in one: RDATE and EXDATE may give either, beside a rule that names either. */
function rrule(schedule: RruleSchedule, zone: string, dst: Dst): Zoned {
  const it = compileRrule(schedule.rrule, resolveStored(schedule.anchor, zone), zone)
  const { rdates, exdates } = it
  // A wall time is excluded as such, before a gap moves it onto another or into the next day.
  const leftWalls = disjoint([...exdates.walls.map(alone), ...exdates.days.map(wallDay)])
  const leftInstants = disjoint(exdates.instants.map(alone))
  // Only what is named by its instant needs the instants of wall times that are excluded.
  const left =
    it.walls && rdates.instants.length === 0
      ? leftInstants
      : disjoint([
          ...leftInstants,
          ...instantsOf(exdates.walls, zone, dst).map(alone),
          ...exdates.days.map((wall) => dayOf(wall, zone)),
        ])
  const further = rdates.walls.filter((wall) => !rangeOf(leftWalls, wall))
  const added = rdates.instants.filter((instant) => !rangeOf(left, instant))
  const named = it.walls
    ? ending(except(it.walls, leftWalls), further, it.untilInstant)
    : exact(except(it.instants ?? never, left))
  return {
    mark: (instant) => (has(named, instant) ? named.mark(instant) : null),
    gapsIn: named.gapsIn,
    ...except(plus(named, added), leftInstants),
  }

  /** A rule's wall times and further ones, which an `end` of the rule does not end. */
  function ending(walls: Recurrence, further: number[], end: number | null): Zoned {
    const others = plus(never, added)
    const both = zoned(plus(walls, further), zone, dst, others)
    if (end === null) return both
    const late = zoned(plus(never, further), zone, dst, others)
    const [first, then] = [until(both, end), since(late, end + 1)]
    return {
      after: (instant) => first.after(instant) ?? then.after(instant),
      atOrBefore: (instant) => then.atOrBefore(instant) ?? first.atOrBefore(instant),
      countIn: (from, to) => first.countIn(from, to) + then.countIn(from, to),
      mark: (instant) => (instant <= end ? both : late).mark(instant),
      gapsIn: (from, to) => [...both.gapsIn(from, Math.min(to, end)), ...late.gapsIn(Math.max(from, end), to)],
    }
  }

  function exact(instants: Recurrence): Zoned {
    const late = zoned(plus(never, further), zone, dst, plus(instants, added))
    return {
      ...plus(instants, instantsOf(further, zone, dst)),
      mark: (instant) => (has(instants, instant) ? null : late.mark(instant)),
      gapsIn: late.gapsIn,
    }
  }
}

/** Instants that no change of clock could touch. */
const unmoved = ({ after, atOrBefore, countIn }: Recurrence): Zoned => ({
  after,
  atOrBefore,
  countIn,
  mark: () => null,
  gapsIn: () => [],
})

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

const wallDay = (midnight: number): Range => ({ from: midnight, to: midnight + DAY })

/** The instants of a whole wall day. */
function dayOf(wall: number, zone: string): Range {
  const start = (midnight: number) =>
    zoned(single(midnight), zone, { gap: 'next_valid', fold: 'first' }).after(midnight - 2 * DAY)
  return { from: start(wall) ?? wall, to: start(wall + DAY) ?? wall + DAY }
}
