import { expect } from 'vitest'
import type { Unsent } from '../src/misfire.ts'
import { rangeOf } from '../src/recurrence.ts'
import { timeline } from '../src/timeline.ts'
import type { RandomJob } from './random-jobs.ts'

/** What of a run has to be known. */
export type Run = Omit<Unsent, 'reason'> & { reason: string }

/**
 * The nominal instants that a run of unsent occurrences stands for, one by one: of a gap what it left out, of a blackout
 * what lies in it, of any other reason what could have been sent. Holds the run's count and edges against them.
 */
export function spellOut({ schedule, policies }: Pick<RandomJob, 'schedule' | 'policies'>, run: Run): number[] {
  const line = timeline(schedule, policies)
  const next = {
    dst_gap: (at: number) => line.gapsIn(at, run.last)[0]?.first ?? null,
    blackout: (at: number) => line.all.after(at),
  }[run.reason as string]
  const found: number[] = []
  const after = next ?? line.after
  for (let at = after(run.first - 1); at !== null && at <= run.last; at = after(at)) found.push(at)
  expect([found[0], found.at(-1), found.length], run.reason).toEqual([run.first, run.last, run.count])
  if (run.reason === 'blackout') {
    expect(found.every((at) => rangeOf(policies.blackouts, at))).toBe(true)
  }
  return found
}
