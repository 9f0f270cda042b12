import { DAY } from './day.ts'
import type { Change } from './zone-clock.ts'

export const MINUTE = 60_000

/** The wall times that a change of clock leaves out or repeats: `from` inclusive, `to` exclusive, ms. */
export interface Stretch {
  change: Change
  gap: boolean
  from: number
  to: number
  middle: number
}

export function stretchOf(change: Change): Stretch {
  const { at: when, before, after } = change
  const [from, to] = [when + Math.min(before, after), when + Math.max(before, after)]
  // A change of a few seconds has no whole minute in its middle.
  return { change, gap: after > before, from, to, middle: from + Math.floor((to - from) / 2 / MINUTE) * MINUTE }
}

/** One of each time of day and length, the first four. */
export function distinct(stretches: Stretch[]): Stretch[] {
  const found = new Map<string, Stretch>()
  for (const it of stretches) {
    const key = `${it.gap} ${it.from % DAY} ${it.to - it.from}`
    if (!found.has(key)) found.set(key, it)
  }
  return [...found.values()].slice(0, 4)
}
