import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { expect, test } from 'vitest'
import { parseDateTime } from './datetime.ts'
import { interval } from './interval.ts'
import { defaultDst, type Every } from './schedule.ts'
import { zoneTable } from './zone-table.ts'

// An engine of other authors, which resolves gaps and folds by the same convention ("compatible"). It is asked for
// occurrence n alone; the search for n is by halving, unlike ours.
class Oracle {
  readonly #wall: Temporal.PlainDateTime
  readonly #zone: string
  readonly #every: Every

  constructor(wall: string, zone: string, every: Every) {
    this.#wall = Temporal.PlainDateTime.from(wall)
    this.#zone = zone
    this.#every = every
  }

  at(n: number): number {
    const { years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0 } = this.#every
    const date = this.#wall.add({ years: n * years, months: n * months, weeks: n * weeks, days: n * days })
    const start = date.toZonedDateTime(this.#zone, { disambiguation: 'compatible' })
    return start.add({ hours: n * hours, minutes: n * minutes, seconds: n * seconds }).epochMilliseconds
  }

  /** The first occurrence after an instant, of those from the anchor up to `most` intervals after it. */
  after(instant: number, most: number): number {
    let [low, high] = [0, most]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.at(middle) > instant) high = middle
      else low = middle + 1
    }
    return this.at(low)
  }
}

const DAY = 86_400_000
const CASES_PER_ZONE = 6

const caseArb = fc.record({
  every: fc.oneof(
    { weight: 4, arbitrary: fc.constant<Every>({ days: 1 }) },
    fc.constantFrom<Every[]>(
      { weeks: 1 },
      { months: 1 },
      { years: 1 },
      { hours: 1 },
      { minutes: 30 },
      { days: 1, hours: 1 },
    ),
    fc.record({ months: fc.nat(5), days: fc.nat(9), hours: fc.nat(30), seconds: fc.integer({ min: 1, max: 4000 }) }),
  ),
  year: fc.integer({ min: 1971, max: 2099 }),
  /** Which of the changes of the zone's offset after that, if there are any. */
  change: fc.nat(3),
  /** Minutes of the anchor's time of day from that change. */
  aside: fc.integer({ min: -90, max: 90 }),
  intervalsBefore: fc.nat(400),
  millisecond: fc.constantFrom(0, 0, 250),
})

const units = { years: 365, months: 30, weeks: 7, days: 1, hours: 1 / 24, minutes: 1 / 1440, seconds: 1 / 86_400 }
const lengthMs = (every: Every): number =>
  DAY * Object.entries(every).reduce((sum, [unit, n]) => sum + n * units[unit as keyof Every], 0)

test('intervals agree with Temporal in every zone, around the changes of its offset', { timeout: 60_000 }, () => {
  const zones = Intl.supportedValuesOf('timeZone')
  let compared = 0
  let nearChange = 0
  for (const [i, zone] of zones.entries()) {
    const cases = fc.sample(caseArb, { numRuns: CASES_PER_ZONE, seed: 1000 + i })
    for (const { every, year, change, aside, intervalsBefore, millisecond } of cases) {
      const spans = zoneTable(zone).spansBetween(Date.UTC(year, 0), Date.UTC(year + 2, 0))
      const span = spans.length > 1 ? spans[change % (spans.length - 1)] : undefined
      const moment = span ? span.to + span.offset : Date.UTC(year, 5, 1)
      if (span) nearChange += 1
      const before = Math.round((intervalsBefore * lengthMs(every)) / DAY) * DAY
      const anchor = Math.max(DAY, moment + aside * 60_000 - before) + millisecond
      const text = new Date(anchor).toISOString().slice(0, -1)
      const parsed = parseDateTime(text, zone)
      if (!parsed.ok) throw new Error(parsed.reason)

      const ours = interval({ type: 'interval', every, anchor: parsed.text, anchorGiven: true }, zone, defaultDst)
      const oracle = new Oracle(text, zone, every)
      const most = 2 * intervalsBefore + Math.ceil((8 * DAY) / lengthMs(every)) + 8
      for (let after = moment - 2 * DAY; after < moment + 2 * DAY; after += DAY / 2) {
        const from = Math.max(after, parsed.instant - 1)
        const [mine, theirs] = [ours.after(from), oracle.after(from, most)]
        compared += 1
        if (mine !== theirs)
          expect({ zone, every, text, from, next: mine }).toEqual({ zone, every, text, from, next: theirs })
      }
    }
  }
  console.log(
    `intervals against Temporal: ${zones.length} zones, ${compared} compared, ${nearChange} cases near a change`,
  )
  expect(compared).toBeGreaterThan(15_000)
})
