import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_INSTANT } from './datetime.ts'
import { compileRrule } from './rrule.ts'

const DAY = 86_400_000
const ZONE = 'Europe/Berlin'
const START = Date.UTC(2000, 0)

const coarse = [
  'FREQ=DAILY',
  'FREQ=DAILY;INTERVAL=3;BYHOUR=9,17',
  'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29',
  'FREQ=DAILY;BYDAY=MO,FR;BYMINUTE=0,30;BYSETPOS=-1',
  'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU',
  'FREQ=WEEKLY;BYMONTH=1,3;BYDAY=TU,SA',
  'FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17',
  'FREQ=MONTHLY;BYMONTHDAY=31,-1',
  'FREQ=MONTHLY;INTERVAL=5;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1',
  'FREQ=YEARLY;BYWEEKNO=1,53,-1',
  'FREQ=YEARLY;INTERVAL=3;BYWEEKNO=1,-1;BYDAY=MO,SU;BYHOUR=1,2;BYSETPOS=1,-2',
  'FREQ=YEARLY;BYYEARDAY=1,-1,366',
  'FREQ=YEARLY;BYDAY=-53MO,1TU',
]
const fine = [
  'FREQ=HOURLY',
  'FREQ=HOURLY;INTERVAL=7;BYHOUR=2,3,4',
  'FREQ=HOURLY;BYMINUTE=0,20,40;BYDAY=MO,SU',
  'FREQ=MINUTELY;INTERVAL=11;BYHOUR=1,2,23',
  'FREQ=MINUTELY;BYSECOND=0,30;BYMINUTE=1,3;BYMONTH=3,10',
  'FREQ=SECONDLY;INTERVAL=7;BYMINUTE=5,50',
  'FREQ=SECONDLY;INTERVAL=4001;BYSECOND=1,2,3,4,5,6,7,8',
]
const ends = ['', ';COUNT=1', ';COUNT=37', ';UNTIL=20120101T120000']

const caseArb = fc.record({
  rule: fc.constantFrom(...coarse, ...fine),
  end: fc.constantFrom(...ends),
  anchor: fc.integer({ min: START / 1000, max: START / 1000 + 10 * 366 * 86_400 }).map((seconds) => seconds * 1000),
  at: fc.integer({ min: -2 * DAY, max: 18 * 366 * DAY }),
  length: fc.oneof(fc.integer({ min: 0, max: 3 * DAY }), fc.integer({ min: 0, max: 900 * DAY })),
})

test('after, atOrBefore and countIn tell of the same occurrences', () => {
  let met = 0
  fc.assert(
    fc.property(caseArb, ({ rule, end, anchor, at, length }) => {
      const compiled = compileRrule(`RRULE:${rule}${end}`, { wall: anchor, instant: anchor }, ZONE)
      const it = compiled.walls ?? compiled.instants
      if (!it) throw new Error('has no rule')
      const [from, to] = [anchor + at, anchor + at + length]
      const next = it.after(from)
      expect(it.countIn(from, from)).toBe(0)
      expect(it.countIn(from, next ?? to)).toBe(next === null ? 0 : 1)
      if (next !== null) {
        expect(next).toBeGreaterThan(from)
        expect(next).toBeGreaterThanOrEqual(anchor)
        expect(next % 1000).toBe(0)
        expect([it.atOrBefore(next), it.after(next - 1)]).toEqual([next, next])
        expect(it.atOrBefore(next - 1)).toBe(it.atOrBefore(from))
      }
      const last = it.atOrBefore(to)
      const total = it.countIn(from, to)
      expect(total > 0).toBe(next !== null && next <= to)
      if (total > 0 && last !== null) expect(it.countIn(from, last)).toBe(total)
      const middle = Math.floor((from + to) / 2)
      expect(it.countIn(from, middle) + it.countIn(middle, to)).toBe(total)
      if (total <= 200) {
        let walked = 0
        for (let one = next; one !== null && one <= to; one = it.after(one)) walked += 1
        expect(walked).toBe(total)
        met += walked
      }
    }),
    { seed: 31, numRuns: 1_500 },
  )
  expect(met).toBeGreaterThan(5_000)
})

test('COUNT is how many there are, whatever the rule', () => {
  fc.assert(
    fc.property(caseArb, fc.integer({ min: 1, max: 60 }), ({ rule, anchor }, count) => {
      const at = { wall: anchor, instant: anchor }
      const [open, ended] = ['', `;COUNT=${count}`].map((end) => {
        const { walls, instants } = compileRrule(`RRULE:${rule}${end}`, at, ZONE)
        return walls ?? instants
      })
      const last = ended?.atOrBefore(MAX_INSTANT) ?? 0
      expect(ended?.after(last)).toBeNull()
      expect(open?.countIn(anchor - 1, last)).toBe(count)
      expect(open?.atOrBefore(last)).toBe(last)
    }),
    { seed: 32, numRuns: 200 },
  )
})
