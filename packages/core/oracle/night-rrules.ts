import type { Case } from './case.ts'
import { DAY } from './day.ts'
import { type RruleRule, rruleText } from './rrule-rule.ts'
import { MINUTE, type Stretch } from './stretch.ts'

/** Recurrence rules that end, have dates added and have dates left out on nights of change, from a year on. */
export const nightRrules = (gaps: Stretch[], folds: Stretch[], from: number): Case[] => [
  ...ends(gaps, folds, from),
  ...dates(gaps, folds, from),
]

/** Rules that end on a night of change: by wall time, and by instant. */
function ends(gaps: Stretch[], folds: Stretch[], from: number): Case[] {
  const cases: Case[] = []
  for (const { middle, change } of [gaps[2] ?? gaps[0], folds[2] ?? folds[0]].filter((it) => it !== undefined)) {
    const start = Math.floor(from / DAY) * DAY + DAY + (middle % DAY)
    cases.push(rrule({ freq: 'DAILY', start, until: middle }))
    cases.push(rrule({ freq: 'DAILY', start, until: middle - MINUTE }))
    cases.push(rrule({ freq: 'DAILY', start, untilInstant: change.at - MINUTE }))
    cases.push(rrule({ freq: 'DAILY', start, untilInstant: middle - change.before }))
    cases.push(rrule({ freq: 'HOURLY', start, untilInstant: change.at, interval: 7 }))
  }
  return cases
}

/** RDATE and EXDATE on nights of change. */
function dates(gaps: Stretch[], folds: Stretch[], from: number): Case[] {
  const all = [gaps[0] ?? folds[0], gaps[1] ?? folds[1], folds[0] ?? gaps[0], folds[1] ?? gaps[1]].filter(
    (it) => it !== undefined,
  )
  const first = all[0] as Stretch
  const midnight = Math.floor(from / DAY) * DAY + DAY
  const start = midnight + (((first.middle % DAY) + DAY) % DAY)
  const sameTime = (it: Stretch) => Math.floor(it.middle / DAY) * DAY + (start % DAY)
  const middles = [...new Set(all.map(({ middle }) => middle))]
  const rest = { freq: 'WEEKLY' as const, start: midnight + 12 * 60 * MINUTE }
  return [
    rrule({ freq: 'DAILY', start, exdates: all.slice(0, 3).map(sameTime) }),
    rrule({ freq: 'DAILY', start, exdays: all.map(({ from: wall }) => Math.floor(wall / DAY) * DAY) }),
    rrule({
      freq: 'DAILY',
      start,
      byHour: [0, 1, 2, 3, 23],
      byMinute: [15, 45],
      exdays: [Math.floor(first.from / DAY) * DAY],
    }),
    rrule({ freq: 'DAILY', start, exdateInstants: all.map(({ change }) => change.at + first.middle - first.from) }),
    rrule({ ...rest, rdates: middles }),
    // Regular times: the first minute past the gap, and one in the hour after.
    rrule({
      ...rest,
      rdates: all.map(({ to }) => to),
      rdateInstants: gaps.slice(0, 2).map(({ change }) => change.at + MINUTE),
    }),
    // The same moment by wall time and by instant.
    rrule({
      ...rest,
      rdates: middles,
      rdateInstants: gaps.slice(0, 2).map(({ change, middle, from: wall }) => change.at + middle - wall),
    }),
    // Moved out of a gap by its length, they meet the rule's own times.
    rrule({ freq: 'DAILY', start: start + first.to - first.from, rdates: all.map(sameTime) }),
    rrule({ ...rest, rdates: middles, exdates: middles.slice(0, 1) }),
    rrule({ ...rest, rdates: middles, untilInstant: first.change.at - DAY }),
    exactDates(midnight, middles),
  ]
}

/** An exact rule, less a day that is none of the nights and a time of the day after, and with times of the nights. */
function exactDates(midnight: number, rdates: number[]): Case {
  let day = midnight
  while (rdates.some((wall) => Math.abs(wall - day) < 4 * DAY)) day += DAY
  return rrule({ freq: 'HOURLY', start: midnight, interval: 6, rdates, exdays: [day], exdates: [day + 1.5 * DAY] })
}

function rrule(parts: Omit<RruleRule, 'kind'>): Case {
  const { rdateInstants, ...others } = parts
  const given = rdateInstants && rdateInstants.length > 0 ? { ...others, rdateInstants } : others
  const rule: RruleRule = { kind: 'rrule', ...given }
  // Times that are added are placed by the policy.
  const exact = rule.freq === 'HOURLY' && !rule.rdates
  return { name: rruleText(rule).replaceAll('\n', ' '), rule, policies: exact ? 'few' : 'all' }
}
