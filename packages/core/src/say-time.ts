import { monthNames } from './rrule-words.ts'

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

/** Times in English sentences. A wall time is in milliseconds since 1970 as if its zone were UTC. */

/** `08:00`; with seconds and milliseconds where there are any. */
export function sayTime(wall: number): string {
  const [minutes, seconds, milliseconds] = [5, 8, 12].map((end) => new Date(wall).toISOString().slice(11, 11 + end))
  if (wall % 60_000 === 0) return `${minutes}`
  return wall % 1_000 === 0 ? `${seconds}` : `${milliseconds}`
}

/** `20 January 2027` */
export function sayDate(wall: number): string {
  return `${sayDay(wall)} ${new Date(wall).getUTCFullYear()}`
}

/** `20 January` */
export function sayDay(wall: number): string {
  const date = new Date(wall)
  return `${date.getUTCDate()} ${monthNames[date.getUTCMonth()]}`
}

export function sayWeekday(wall: number): string {
  return WEEKDAYS[new Date(wall).getUTCDay()] ?? ''
}

/** `20 January 2027 at 08:00` */
export const sayDateTime = (wall: number): string => `${sayDate(wall)} at ${sayTime(wall)}`

/** `2 weeks`, `1 week` */
export const sayCount = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

/** How long something took: `34 ms`, `1.2 seconds`, `20 minutes`, `1 hour 5 minutes`; the two largest units only. */
export function sayDuration(ms: number): string {
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return sayCount(Math.round(ms / 100) / 10, 'second')
  const words: string[] = []
  let rest = Math.round(ms / 1_000) * 1_000
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size)
    if (count > 0) words.push(sayCount(count, unit))
    rest -= count * size
  }
  if (rest > 0) words.push(sayCount(rest / 1_000, 'second'))
  return words.slice(0, 2).join(' ')
}
