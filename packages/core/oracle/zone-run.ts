import type { Case } from './case.ts'
import { compare, scheduleOf, type Window } from './compare.ts'
import { expected, resolve } from './expected.ts'
import { fixedGrid, isForStillZones } from './fixed-grid.ts'
import { named } from './named.ts'
import { nightGrid } from './night-grid.ts'
import type { Placing } from './rule.ts'
import { ZoneClock } from './zone-clock.ts'

const DAY = 86_400_000

/** One zone over some years. */
export interface ZoneRun {
  zone: string
  /** From 1 January of the one up to that of the other. */
  fromYear: number
  toYear: number
  /** Only the rule of this name. */
  rule?: string
  /** Only this policy, `shift/first`. */
  policy?: string
  /** Walks under the default policy alone through all years; under the others through the days around each change. */
  nightsOnly?: boolean
}

export interface ZoneResult {
  changes: number
  rules: number
  /** Rules times the policies they were compared under. */
  cases: number
  occurrences: number
  /** Each as one line, with the arguments that repeat it. */
  differences: string[]
}

const DEFAULT: Placing = { gap: 'shift', fold: 'first' }
const gaps = ['shift', 'next_valid', 'skip'] as const
const folds = ['first', 'second', 'both'] as const
const allPolicies: Placing[] = gaps.flatMap((gap) => folds.map((fold) => ({ gap, fold })))
const fewPolicies: Placing[] = [DEFAULT, { gap: 'skip', fold: 'second' }]

/** Compares every rule of the grid in a zone, under the policies that could make a difference. */
export function runZone(run: ZoneRun): ZoneResult {
  const [from, to] = [Date.UTC(run.fromYear, 0), Date.UTC(run.toYear, 0)]
  const clock = new ZoneClock(temporalZone(run.zone), from, to)
  const result: ZoneResult = { changes: clock.changes.length, rules: 0, cases: 0, occurrences: 0, differences: [] }
  const nights = nightsOf(clock, from, to)
  for (const each of casesOf(clock, run)) {
    result.rules += 1
    compareCase(each, run, clock, { from, to }, nights, result)
  }
  return result
}

/** The rules that a zone gets. */
export function casesOf(clock: ZoneClock, { fromYear, rule }: ZoneRun): Case[] {
  const still = clock.changes.length === 0
  const fixed = fixedGrid(fromYear).filter((it) => !still || isForStillZones(it))
  const cases = [...fixed, ...nightGrid(clock, Date.UTC(fromYear, 0))]
  return rule === undefined ? cases : cases.filter(({ name }) => name.trim() === rule.trim())
}

function compareCase(
  each: Case,
  run: ZoneRun,
  clock: ZoneClock,
  whole: Window,
  nights: Window[],
  result: ZoneResult,
): void {
  const label = `--zone ${run.zone} --years ${run.fromYear}-${run.toYear} --rule '${each.name.trim()}'`
  let read: ReturnType<typeof scheduleOf>
  try {
    read = scheduleOf(each.rule, run.zone)
  } catch (error) {
    result.differences.push(`${label}: ${error instanceof Error ? error.message : error}`)
    return
  }
  const resolved = resolve(named(each.rule, clock, run.fromYear, whole.to), clock)
  const still = clock.changes.length === 0
  for (const placing of each.policies === 'few' || still ? fewPolicies : allPolicies) {
    const policy = `${placing.gap}/${placing.fold}`
    if (run.policy !== undefined && run.policy !== policy) continue
    if (still && placing !== DEFAULT && each.policies === 'few') continue
    const walked = each.aroundChanges || (run.nightsOnly && placing !== DEFAULT) ? nights : [whole]
    const theirs = expected(resolved, placing, clock, whole.from, whole.to)
    const found = compare(read.schedule, read.zone, placing, theirs, { changes: clock.changes, whole, walked })
    result.cases += 1
    result.occurrences += found.occurrences
    for (const difference of found.differences) result.differences.push(`${label} --policy ${policy}: ${difference}`)
  }
}

/** Four days on both sides of each change, joined where they touch. */
function nightsOf({ changes }: ZoneClock, from: number, to: number): Window[] {
  const nights: Window[] = []
  for (const { at } of changes) {
    const [low, high] = [Math.max(from, at - 4 * DAY), Math.min(to, at + 4 * DAY)]
    const last = nights.at(-1)
    if (last && low <= last.to) last.to = Math.max(last.to, high)
    else if (low < high) nights.push({ from: low, to: high })
  }
  return nights
}

/** Temporal writes a fixed offset without `UTC`. */
const temporalZone = (zone: string): string => /^UTC([+-]\d\d:\d\d)$/.exec(zone)?.[1] ?? zone
