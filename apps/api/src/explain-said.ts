import { sayDate, sayTime } from '@scheduler/core/say-time'
import { offsetAt } from '@scheduler/core/timezone'
import type { Subject } from './explain-subject.ts'

/** `02:30 on 8 March 2026`, in the zone in which the subject is told; the facts have the milliseconds. */
export function said(at: Date | number | null, { zone }: Pick<Subject, 'zone'>): string {
  if (at === null) return 'a time that is not known'
  const instant = Number(at)
  return saidWall(instant + offsetAt(zone, instant))
}

export function saidWall(wall: number): string {
  const whole = Math.floor(wall / 1_000) * 1_000
  return `${sayTime(whole)} on ${sayDate(whole)}`
}
