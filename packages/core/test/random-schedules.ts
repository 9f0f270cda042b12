import { parseZone } from '../src/timezone.ts'
import { type Change, changesBetween } from '../src/zone-changes.ts'
import { zoneNames } from '../src/zone-names.ts'
import type { Dice } from './dice.ts'

const DAY = 86_400_000
const MINUTE = 60_000

/** Zones whose clocks change in unusual ways, beside usual ones. */
const zones = [
  'America/New_York',
  'Europe/Rome',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Nuuk',
  'Pacific/Chatham',
  'Asia/Gaza',
  'America/Santiago',
  'Antarctica/Troll',
  'Asia/Kathmandu',
  'UTC',
  'UTC+07:00',
]

/** Where a random schedule is interesting. */
export interface Place {
  /** As `parseZone` returns it. */
  zone: string
  /** Most often a change of clock of the zone. Ms since 1970. */
  at: number
  /** What the zone's clocks show then, just before the change; ms since 1970 as if the zone were UTC. */
  wall: number
}

/** A place with `from` < at ≤ `to`. */
export function randomPlace(dice: Dice, from: number, to: number): Place {
  const zone = parseZone(dice.pick(dice.chance(0.8) ? zones : [...zoneNames().values()])) ?? 'UTC'
  const changes: Change[] = changesBetween(zone, from, to)
  const change = changes.length > 0 && dice.chance(0.85) ? dice.pick(changes) : null
  const at = change ? change.at : dice.int(from + 1, to)
  const [{ before } = { before: 0 }] = change ? [change] : changesBetween(zone, at, at + 366 * DAY)
  return { zone, at, wall: at + before }
}

/** A wall time within the hour before and after that of the place, where gaps and folds lie; or within some hours. */
function nearby(dice: Dice, { wall }: Place): Date {
  const minutes = dice.chance(0.7) ? dice.int(-4, 3) * 15 : dice.int(-36, 36) * 7.5
  return new Date(Math.floor(wall / MINUTE) * MINUTE + minutes * MINUTE)
}

/** What a datetime field of a create may hold: wall time without an offset. */
const text = (wall: Date): string => wall.toISOString().slice(0, 19)

const later = (wall: Date, days: number): Date => new Date(wall.getTime() + days * DAY)

/** The fields that make a schedule of a random type; some are ones that a create refuses. */
export function randomFields(dice: Dice, place: Place): { type: string; [field: string]: unknown } {
  const start = nearby(dice, place)
  const bounds = {
    ...(dice.chance(0.2) && { end_date: text(later(start, dice.int(0, 60))) }),
  }
  const since = dice.chance(0.2) && { start_date: text(later(start, -dice.int(0, 90))) }
  switch (dice.pick(['once', 'interval', 'interval', 'cron', 'cron', 'cron', 'rrule', 'rrule', 'rrule'])) {
    case 'once':
      return { type: 'once', schedule_time: text(start) }
    case 'interval': {
      const anchor = later(start, -dice.int(0, 400))
      return {
        type: 'interval',
        ...every(dice),
        ...(dice.chance(0.85) && { start_date: text(anchor) }),
        ...bounds,
      }
    }
    case 'cron':
      return { type: 'cron', cron: cron(dice, start), ...since, ...bounds }
    default:
      return { type: 'rrule', rrule: rrule(dice, start), ...since, ...bounds }
  }
}

function every(dice: Dice): object {
  if (dice.chance(0.1)) return { days: dice.int(1, 3), minutes: dice.int(1, 600) }
  return dice.pick([
    { seconds: dice.int(1, 90) },
    { minutes: dice.pick([1, 5, 7, 30, 45]) },
    { hours: dice.pick([1, 2, 6, 12, 23, 24]) },
    { days: dice.pick([1, 1, 1, 2, 7]) },
    { weeks: dice.int(1, 3) },
    { months: dice.int(1, 13) },
    { years: dice.int(1, 2), months: dice.int(0, 2) },
  ])
}

const MONTHS = Array.from({ length: 12 }, (_, i) => i + 1)
const HOURS = Array.from({ length: 24 }, (_, i) => i)

/** Hours one after the other, one of them that of the time: where a gap moves one onto another. */
function hoursAt(dice: Dice, at: Date): number[] {
  const first = (at.getUTCHours() + 24 - dice.int(0, 1)) % 24
  return HOURS.filter((hour) => (hour + 24 - first) % 24 < dice.int(1, 3))
}

function cron(dice: Dice, at: Date): string {
  const [hour, minute] = [at.getUTCHours(), at.getUTCMinutes()].map(String) as [string, string]
  const hours = hoursAt(dice, at).join(',') || hour
  const fields = [
    dice.pick([minute, minute, `${minute},${(at.getUTCMinutes() + 30) % 60}`, '0,30', '*', '*/15', '0-40/10']),
    dice.pick([hour, hour, hour, hours, hours, '*', '*/6', '0-3', '1-23/2']),
    dice.pick(['*', '*', '*', '*', String(at.getUTCDate()), 'L', 'LW', '15W', '1,15', '*/2']),
    dice.pick(['*', '*', '*', '*', dice.some(MONTHS, 6).join(',')]),
    dice.pick(['*', '*', '*', '*', 'MON-FRI', String(at.getUTCDay()), 'SUN', '5L', '0#2', '1,3,5']),
  ]
  if (dice.chance(0.1)) fields.unshift(dice.pick(['0', '30', '*/20', '*']))
  return fields.join(' ')
}

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const compact = (wall: Date): string => text(wall).replaceAll(/[-:]/g, '')

function rrule(dice: Dice, at: Date): string {
  const start = later(at, -dice.int(0, 500))
  const freq = dice.pick(['YEARLY', 'MONTHLY', 'WEEKLY', 'WEEKLY', 'DAILY', 'DAILY', 'DAILY', 'HOURLY', 'MINUTELY'])
  const parts = [`FREQ=${freq}`]
  if (dice.chance(0.3)) parts.push(`INTERVAL=${dice.pick([2, 3, 5])}`)
  parts.push(...byParts(dice, freq, at))
  if (dice.chance(0.2)) parts.push(`COUNT=${dice.int(1, 600)}`)
  else if (dice.chance(0.15)) parts.push(`UNTIL=${compact(later(at, dice.int(0, 90)))}${dice.pick(['', 'Z'])}`)
  const lines = [`RRULE:${parts.join(';')}`]
  if (dice.chance(0.9)) lines.unshift(`DTSTART:${compact(start)}`)
  if (dice.chance(0.15)) {
    // An hour on is where a gap would have moved it.
    lines.push(`RDATE:${compact(later(at, dice.pick([1 / 24, 25 / 24])))},${compact(nearbyDay(dice, at))}`)
  }
  if (dice.chance(0.15)) lines.push(`EXDATE:${compact(later(at, dice.int(-3, 3)))}`)
  if (dice.chance(0.1)) lines.push(`EXDATE;VALUE=DATE:${compact(later(at, dice.int(-2, 2))).slice(0, 8)}`)
  return lines.join('\n')
}

const nearbyDay = (dice: Dice, at: Date): Date =>
  new Date(later(at, dice.int(-2, 2)).getTime() + dice.int(0, 90) * MINUTE)

function byParts(dice: Dice, freq: string, at: Date): string[] {
  const parts: string[] = []
  const ordinal = dice.pick([1, 2, -1, -2])
  const day = DAYS[(at.getUTCDay() + 6) % 7]
  if (freq === 'YEARLY') {
    if (dice.chance(0.8)) parts.push(`BYMONTH=${dice.some(MONTHS, 4).join(',')}`)
    parts.push(dice.pick([`BYDAY=${ordinal}${day}`, `BYMONTHDAY=${dice.int(1, 31)}`, 'BYMONTHDAY=-1', `BYDAY=${day}`]))
  }
  if (freq === 'MONTHLY' && dice.chance(0.8)) {
    parts.push(
      dice.pick([`BYDAY=${ordinal}${day}`, `BYMONTHDAY=-1,${at.getUTCDate()}`, 'BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1']),
    )
  }
  if ((freq === 'WEEKLY' || freq === 'DAILY') && dice.chance(0.5)) {
    parts.push(`BYDAY=${[...new Set([day, ...dice.some(DAYS, 3)])].join(',')}`)
  }
  if (freq === 'HOURLY' && dice.chance(0.5)) parts.push(`BYMINUTE=${dice.pick(['0,30', '15', '0,20,40'])}`)
  if (freq === 'MINUTELY') parts.push(dice.pick([`BYHOUR=${hoursAt(dice, at).join(',') || 2}`, 'INTERVAL=20']))
  else if (dice.chance(0.3)) parts.push(`BYHOUR=${hoursAt(dice, at).join(',') || 2};BYMINUTE=${at.getUTCMinutes()},45`)
  const names = parts.flatMap((it) => it.split(';')).map((it) => it.split('=')[0])
  return new Set(names).size === names.length ? parts : []
}
