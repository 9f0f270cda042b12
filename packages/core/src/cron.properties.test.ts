import { Cron as Croner } from 'croner'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkCron, compileCron } from './cron.ts'

const seeded = { numRuns: 600, seed: 20_261_103 }
const DAY = 86_400_000

/** A field of numbers: a star, a value, a range, a step, or a list of these. */
function fieldArb(low: number, high: number, size: number): fc.Arbitrary<string> {
  const value = fc.noBias(fc.integer({ min: low, max: high }))
  const step = fc.noBias(fc.integer({ min: 1, max: size }))
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`)
  const part = fc.oneof(
    value.map(String),
    range,
    step.map((it) => `*/${it}`),
    fc.tuple(range, step).map(([it, by]) => `${it}/${by}`),
  )
  const parts = fc.array(part, { minLength: 1, maxLength: 3 }).map((it) => it.join(','))
  return fc.oneof(fc.constant('*'), parts)
}

const nameArb = fc.constantFrom('SUN', 'mon', 'Tue', 'WED', 'THU', 'FRI', 'sat', '0', '3', '7')
const dayArb = fc.oneof(
  fieldArb(1, 31, 31),
  fc.constantFrom('L', 'LW', '?', '31', '30,31'),
  fc.integer({ min: 1, max: 31 }).map((it) => `${it}W`),
  fc.tuple(fc.integer({ min: 1, max: 31 }), fc.integer({ min: 1, max: 31 })).map(([a, b]) => `${a},${b}W,L`),
)
const weekdayArb = fc.oneof(
  fieldArb(0, 7, 7),
  fc.constantFrom('?', 'MON-FRI', 'FRI-SUN', 'sat-sun', '1-5/2'),
  nameArb.map((it) => `${it}L`),
  fc.tuple(nameArb, fc.integer({ min: 1, max: 5 })).map(([it, nth]) => `${it}#${nth}`),
  fc.tuple(nameArb, nameArb, fc.integer({ min: 1, max: 5 })).map(([a, b, nth]) => `${a},${b}#${nth}`),
)
const monthArb = fc.oneof(fieldArb(1, 12, 12), fc.constantFrom('*', 'FEB', 'feb,APR', 'jan-Mar'))
const secondArb = fc.oneof(
  fc.constant(''),
  fieldArb(0, 59, 60).map((it) => `${it} `),
)
const cronArb = fc
  .tuple(secondArb, fieldArb(0, 59, 60), fieldArb(0, 23, 24), dayArb, monthArb, weekdayArb)
  .map(([second, minute, hour, day, month, weekday]) => `${second}${minute} ${hour} ${day} ${month} ${weekday}`)
  .filter((it) => checkCron(it) === null)
// Up to the year 2500: croner gives up at 3000.
const wallArb = fc.noBias(fc.integer({ min: 0, max: Date.UTC(2500, 0) }))

/** Whether croner takes a `*` with more after it for a restriction, where we follow Vixie. */
function differs(cron: string): boolean {
  const [day = '', , weekday = ''] = cron.split(' ').slice(-3)
  const starred = [day, weekday].some((it) => it.startsWith('*') && it !== '*')
  return starred && ![day, weekday].some((it) => it === '*' || it === '?')
}

test('the walls are those that croner finds in UTC', () => {
  let compared = 0
  fc.assert(
    fc.property(cronArb, wallArb, (cron, from) => {
      if (differs(cron)) return
      compared += 1
      const { walls } = compileCron(cron)
      const found: number[] = []
      for (let at = walls.after(from); at !== null && found.length < 4; at = walls.after(at)) found.push(at)
      const runs = new Croner(cron, { timezone: 'UTC', domAndDow: false }).nextRuns(4, new Date(from))
      expect(found, cron).toEqual(runs.map((it) => it.getTime()))
    }),
    seeded,
  )
  expect(compared).toBeGreaterThan(400)
})

test('two day fields are the union of each alone, the intersection when one begins with *', () => {
  const oneDay = (cron: string, day: number): boolean => compileCron(cron).walls.countIn(day * DAY - 1, day * DAY) === 1
  fc.assert(
    fc.property(dayArb, weekdayArb, fc.noBias(fc.integer({ min: 0, max: 200_000 })), (day, weekday, from) => {
      const both = `0 0 ${day} * ${weekday}`
      if (checkCron(both) !== null) return
      const all = [day, weekday].some((it) => it.startsWith('*') || it === '?')
      for (let at = from; at < from + 40; at += 1) {
        const each = [oneDay(`0 0 ${day} * *`, at), oneDay(`0 0 * * ${weekday}`, at)]
        expect(oneDay(both, at), `${both} on ${at}`).toBe(all ? each.every(Boolean) : each.some(Boolean))
      }
    }),
    seeded,
  )
})

test('after, atOrBefore and countIn agree: one step is one occurrence, with none between', () => {
  fc.assert(
    fc.property(cronArb, wallArb, fc.nat(1_500), (cron, from, part) => {
      const { walls } = compileCron(cron)
      const next = walls.after(from)
      if (next === null) throw new Error(`${cron} ends`)
      expect(next).toBeGreaterThan(from)
      expect(walls.atOrBefore(next)).toBe(next)
      expect(walls.after(next - 1)).toBe(next)
      expect(walls.countIn(from, next)).toBe(1)
      expect(walls.countIn(from, next - 1)).toBe(0)
      const before = walls.atOrBefore(next - 1)
      expect(before === null || before <= from).toBe(true)
      const between = from + Math.floor(((next - from - 1) * part) / 1_500)
      expect(walls.after(between)).toBe(next)
      expect(walls.atOrBefore(between)).toBe(before)
    }),
    seeded,
  )
})

test('countIn is the number of steps from one wall time to another', () => {
  fc.assert(
    fc.property(cronArb, wallArb, fc.integer({ min: 1, max: 400 }), fc.nat(3), (cron, from, steps, more) => {
      const { walls } = compileCron(cron)
      let at = from
      for (let n = 0; n < steps; n += 1) at = walls.after(at) ?? Number.NaN
      const upTo = Math.min(at + more * 250, (walls.after(at) ?? 0) - 1)
      expect(walls.countIn(from, upTo), cron).toBe(steps)
      expect(walls.countIn(from, at - 1), cron).toBe(steps - 1)
      let back = at
      for (let n = 1; n < steps; n += 1) back = walls.atOrBefore(back - 1) ?? Number.NaN
      expect(back, cron).toBe(walls.after(from))
    }),
    seeded,
  )
})

test('countIn over centuries is the sum of its parts', () => {
  fc.assert(
    fc.property(cronArb, fc.array(wallArb, { minLength: 3, maxLength: 3 }), (cron, ends) => {
      const [a = 0, b = 0, c = 0] = ends.toSorted((x, y) => x - y)
      const { walls } = compileCron(cron)
      expect(walls.countIn(a, c)).toBe(walls.countIn(a, b) + walls.countIn(b, c))
    }),
    seeded,
  )
})
