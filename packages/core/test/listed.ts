import type { Recurrence } from '../src/recurrence.ts'

/** The recurrence of some values, by looking at each of them. */
export function listed(values: Iterable<number>): Recurrence {
  const sorted = [...new Set(values)].sort((a, b) => a - b)
  return {
    after: (value) => sorted.find((it) => it > value) ?? null,
    atOrBefore: (value) => sorted.findLast((it) => it <= value) ?? null,
    countIn: (from, to) => sorted.filter((it) => from < it && it <= to).length,
  }
}

/** Its values after `from` and up to `to`, one by one. */
export function walk(recurrence: Recurrence, from: number, to: number): number[] {
  const found: number[] = []
  for (let next = recurrence.after(from); next !== null && next <= to; next = recurrence.after(next)) found.push(next)
  return found
}
