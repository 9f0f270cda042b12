// What a schedule names, worked out a second time: nothing of this comes from the service.
import { Cron } from 'croner'
import type { Due } from '../history.ts'

/** Its times after `from` and up to `to`, oldest first. */
export function timesIn(due: Due, from: number, to: number): number[] {
  if (due.type === 'once') return due.at > from && due.at <= to ? [due.at] : []
  if (due.type === 'cron') return cronTimes(due, from, to)
  const { everyMs, anchor } = due
  const last = Math.min(to, due.end ?? to)
  const times: number[] = []
  const first = Math.max(0, Math.floor((from - anchor) / everyMs) + 1)
  for (let at = anchor + first * everyMs; at <= last; at += everyMs) times.push(at)
  return times
}

export function names(due: Due, at: number): boolean {
  if (due.type === 'once') return due.at === at
  if (due.type === 'cron') return at % 1_000 === 0 && cronTimes(due, at - 1_000, at).includes(at)
  return at >= due.anchor && (due.end === null || at <= due.end) && (at - due.anchor) % due.everyMs === 0
}

export const sameDue = (a: Due, b: Due): boolean => JSON.stringify(a) === JSON.stringify(b)

const crons = new Map<string, Cron>()

/** A cron names whole seconds, and croner counts from the second that it is given. */
function cronTimes({ expression, timezone }: Due & { type: 'cron' }, from: number, to: number): number[] {
  const key = `${timezone} ${expression}`
  const cron = crons.get(key) ?? new Cron(expression, { timezone, paused: true, mode: '5-or-6-parts' })
  crons.set(key, cron)
  const times: number[] = []
  let next = cron.nextRun(new Date(Math.floor(from / 1_000) * 1_000))
  for (; next && next.getTime() <= to; next = cron.nextRun(next)) times.push(next.getTime())
  return times
}
