import type { Bounds, CronSchedule, Every, IntervalSchedule, RruleSchedule } from '../src/schedule.ts'

/** An interval, from the beginning of June 2026 in UTC on where no other anchor is given. */
export function every(every: Every, anchor = '2026-06-01T00:00:00Z', end?: string): IntervalSchedule {
  return { type: 'interval', every, anchor, anchorGiven: true, ...(end !== undefined && { end }) }
}

export function cron(text: string, bounds: Bounds = {}): CronSchedule {
  return { type: 'cron', cron: text, ...bounds }
}

/** @param text as it is stored; `rrule` alone, or lines */
export function rrule(text: string, anchor = '2026-06-01T00:00:00Z', bounds: Bounds = {}): RruleSchedule {
  const lines = text.startsWith('FREQ') ? `RRULE:${text}` : text
  return { type: 'rrule', rrule: lines, anchor, anchorGiven: true, ...bounds }
}
