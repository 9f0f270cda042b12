import { NewSchedule } from '../src/job.ts'
import { plan } from '../src/planner.ts'
import { readNewSchedule } from '../src/read-new-schedule.ts'
import { type Dst, type Policies, type Schedule, untouched } from '../src/schedule.ts'
import { type Timeline, timeline } from '../src/timeline.ts'
import { parseZone } from '../src/timezone.ts'
import type { Expected } from './expected.ts'
import { bodyOf } from './named.ts'
import type { Placing, Rule } from './rule.ts'
import type { Change } from './zone-clock.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Above this a dispatch pass would have to leave some out. */
const MOST_SENT = 1000

/** A stretch of time, `from` inclusive, `to` exclusive; ms since 1970. */
export interface Window {
  from: number
  to: number
}

export interface Comparison {
  /** Occurrences that were compared one by one. */
  occurrences: number
  /** The first of each kind; empty when all agree. */
  differences: string[]
}

/** The schedule that a client gets with a rule. @throws Error when it is refused */
export function scheduleOf(rule: Rule, zone: string): { schedule: Schedule; zone: string } {
  const canonical = parseZone(zone)
  if (canonical === null) throw new Error(`the zone ${zone} is refused`)
  const read = readNewSchedule(NewSchedule.parse(bodyOf(rule)), canonical, createdAt(rule))
  if ('errors' in read) throw new Error(`${JSON.stringify(bodyOf(rule))} is refused: ${JSON.stringify(read.errors)}`)
  return { schedule: read.schedule, zone: canonical }
}

/** When the job is created; it only counts where the rule says so. */
const createdAt = (rule: Rule): number =>
  rule.kind === 'interval' && rule.created ? Date.parse(rule.start) : Date.UTC(2000, 0)

/** Where a schedule and what must come out of it are compared. */
export interface Scope {
  changes: readonly Change[]
  /** All of it: counts, gaps and the nights of change. */
  whole: Window
  /** Where each occurrence is compared; in order. */
  walked: readonly Window[]
}

/** Compares what the planner makes of a schedule with what must come out of it. */
export function compare(schedule: Schedule, zone: string, dst: Placing, theirs: Expected, scope: Scope): Comparison {
  const policies = policiesOf(zone, dst)
  const line = timeline(schedule, policies)
  const nights = scope.changes.filter(({ at }) => at - 2 * DAY >= scope.whole.from && at + 2 * DAY < scope.whole.to)
  let [occurrences, wrong]: [number, string | null] = [0, null]
  for (const window of scope.walked) {
    const mine = slice(theirs.instants, window.from - 1, window.to - 1)
    occurrences += mine.length
    wrong ??= walk(line, mine, theirs, window)
  }
  const found = [
    wrong,
    counts(line, theirs.instants, scope.whole),
    gaps(line, theirs, scope.whole),
    aside(line, theirs.instants, nights),
  ].filter((it) => it !== null)
  // The passes of the dispatcher are made of the same answers: one difference is enough.
  const passed = found.length === 0 ? passes(schedule, policies, theirs, nights) : null
  return { occurrences, differences: passed === null ? found : [passed] }
}

function policiesOf(zone: string, dst: Dst): Policies {
  return {
    zone,
    seed: '',
    jitterSeconds: 0,
    misfire: { policy: 'all', graceSeconds: 31_536_000, max: MOST_SENT },
    overlap: 'allow',
    dst,
    maxRuns: null,
    blackouts: [],
  }
}

/** Each occurrence by `after`, with its mark. */
function walk(line: Timeline, mine: number[], { marks }: Expected, { from, to }: Window): string | null {
  let at = line.after(from - 1)
  for (const instant of mine) {
    if (at !== instant) return `next is ${text(at)}, must be ${text(instant)}`
    const mark = line.mark(instant)
    const must = marks.get(instant) ?? null
    if (mark !== must) return `the mark of ${text(instant)} is ${mark}, must be ${must}`
    at = line.after(instant)
  }
  return at === null || at >= to ? null : `next is ${text(at)}, must be none before ${text(to)}`
}

function counts(line: Timeline, instants: number[], { from, to }: Window): string | null {
  for (let low = from; low < to; low += 365 * DAY) {
    const high = Math.min(to, low + 365 * DAY)
    const [count, must] = [line.countIn(low - 1, high - 1), countOf(instants, low - 1, high - 1)]
    if (count !== must) return `${text(low)} to ${text(high)} has ${count}, must have ${must}`
  }
  return null
}

function gaps(line: Timeline, { left }: Expected, { from, to }: Window): string | null {
  const found = line.gapsIn(from - 1, to - 1)
  for (let index = 0; index < Math.max(found.length, left.length); index += 1) {
    const [run, must] = [runText(found[index]), runText(left[index])]
    if (run !== must) return `a gap left out ${run}, must be ${must}`
  }
  return null
}

/** Around each change: from instants that are no occurrences, backwards, and counts of parts of the night. */
function aside(line: Timeline, instants: number[], nights: readonly Change[]): string | null {
  for (const { at, before, after } of nights) {
    const length = Math.abs(after - before)
    for (const step of [-length - 1, -length, -1000, -1, 0, 1, length - 1, length, length + 3 * HOUR]) {
      const probe = at + step
      const index = indexAfter(instants, probe)
      const [next, last] = [instants[index], instants[index - 1]]
      // What lies before the first and after the last year is not known.
      if (next !== undefined && line.after(probe) !== next) {
        return `next after ${text(probe)} is ${text(line.after(probe))}, must be ${text(next)}`
      }
      if (last !== undefined && line.atOrBefore(probe) !== last) {
        return `last up to ${text(probe)} is ${text(line.atOrBefore(probe))}, must be ${text(last)}`
      }
      const low = at - 6 * HOUR
      const [count, must] = [line.countIn(low, probe), countOf(instants, low, probe)]
      if (count !== must) return `${text(low)} to ${text(probe)} has ${count}, must have ${must}`
    }
  }
  return null
}

/** The nights of change as the dispatcher goes through them: each occurrence sent or left out, exactly once. */
function passes(
  schedule: Schedule,
  policies: Policies,
  { instants, left }: Expected,
  nights: readonly Change[],
): string | null {
  for (const { at, before, after } of nights) {
    const [from, to] = [at - 36 * HOUR, at + 36 * HOUR]
    const must = slice(instants, from, to)
    if (must.length > MOST_SENT) continue
    const sent: number[] = []
    const unsent: { reason: string; count: number }[] = []
    let cursor = from
    for (const now of [at - 1, at, at + Math.abs(after - before) / 2, to]) {
      const made = plan(schedule, policies, cursor, now, untouched)
      sent.push(...made.send.map(({ nominal }) => nominal))
      unsent.push(...made.unsent)
      cursor = made.cursor
    }
    if (sent.join() !== must.join())
      return `passes around ${text(at)} send ${sent.map(text)}, must be ${must.map(text)}`
    const skipped = left
      .filter(({ first, last }) => first > from && last <= to)
      .reduce((sum, run) => sum + run.count, 0)
    const counted = unsent.reduce((sum, { reason, count }) => sum + (reason === 'dst_gap' ? count : 1e6), 0)
    if (counted !== skipped) return `passes around ${text(at)} leave out ${JSON.stringify(unsent)}, must be ${skipped}`
  }
  return null
}

/** Those after `from` (exclusive) and up to `to` (inclusive). */
const slice = (instants: number[], from: number, to: number): number[] =>
  instants.slice(indexAfter(instants, from), indexAfter(instants, to))

const countOf = (instants: number[], from: number, to: number): number =>
  Math.max(0, indexAfter(instants, to) - indexAfter(instants, from))

function indexAfter(instants: number[], value: number): number {
  let [low, high] = [0, instants.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((instants[middle] as number) > value) high = middle
    else low = middle + 1
  }
  return low
}

const text = (instant: number | null): string => (instant === null ? 'none' : new Date(instant).toISOString())

const runText = (run: { first: number; last: number; count: number } | undefined): string =>
  run ? `${run.count} from ${text(run.first)} to ${text(run.last)}` : 'nothing'
