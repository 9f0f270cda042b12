import { Cron } from 'croner'
import { DateTime } from 'luxon'
import { RRuleTemporal } from 'rrule-temporal'

const DAY = 86_400_000
const YEAR = 365 * DAY

/** The same questions put to libraries: a call gets a number that differs from the last one's. */
export function comparePlanners(
  zone: string,
  start: number,
): [name: string, rounds: number, call: (round: number) => unknown][] {
  const anchor = DateTime.fromMillis(start, { zone })
  const five = new Cron('*/5 * * * *', { timezone: zone, paused: true })
  const night = new Cron('30 2 * * *', { timezone: zone, paused: true })
  const daily = rule('FREQ=DAILY')
  const friday = rule('FREQ=MONTHLY;BYDAY=-1FR')
  const after = (round: number) => new Date(start + round * DAY)
  // Never the same twice: rrule-temporal keeps what it was asked.
  const within = (round: number) => new Date(start + (round % 365) * DAY + round)

  return [
    ['luxon: anchor plus n days', 2_000, (round) => anchor.plus({ days: round }).toMillis()],
    ['croner: */5 * * * *', 2_000, (round) => five.nextRun(after(round))],
    ['croner: 30 2 * * *', 2_000, (round) => night.nextRun(after(round))],
    ['rrule-temporal: FREQ=DAILY, within a year', 2_000, (round) => daily.next(within(round))],
    [
      'rrule-temporal: FREQ=DAILY, after a year',
      2_000,
      (round) => daily.next(new Date(within(round).getTime() + YEAR)),
    ],
    [
      'rrule-temporal: FREQ=DAILY, after a year, first use',
      50,
      (round) => rule('FREQ=DAILY').next(new Date(within(round).getTime() + YEAR)),
    ],
    ['rrule-temporal: MONTHLY;BYDAY=-1FR', 2_000, (round) => friday.next(within(round))],
  ]

  function rule(text: string) {
    const dtstart = anchor.toFormat("yyyyMMdd'T'HHmmss")
    return new RRuleTemporal({ rruleString: `DTSTART;TZID=${zone}:${dtstart}\nRRULE:${text}` })
  }
}
