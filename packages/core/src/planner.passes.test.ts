import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Case, caseArb, share, stateArb } from '../test/cases.ts'
import { walk } from '../test/listed.ts'
import { clockAfter, nextOccurrence, plan } from './planner.ts'
import { type JobState, untouched } from './schedule.ts'
import { timeline } from './timeline.ts'

const NUM_RUNS = 4000
const seeded = { numRuns: NUM_RUNS, seed: 20_261_105 }
const plain = caseArb({ plain: true })
const any = caseArb()
const passesArb = fc.array(fc.tuple(share(0, 0.1), stateArb), { minLength: 1, maxLength: 12 })

interface Accounted {
  /** What passes accounted for, as `nominal reason`; `due` for what could be sent. */
  items: string[]
  cursor: number
  runs: number
  sent: number[]
  ended: boolean
}

const nothing = (from: number): Accounted => ({ items: [], cursor: from, runs: 0, sent: [], ended: false })

/** What one pass more accounts for, its runs spelled out. */
function account(it: Case, before: Accounted, now: number, unfinished: Omit<JobState, 'runs'> = untouched): Accounted {
  const state = { runs: before.runs, live: unfinished.live, behind: unfinished.behind }
  const pass = plan(it.schedule, it.policies, before.cursor, now, state)
  const line = timeline(it.schedule, it.policies)
  const items: string[] = []
  const keys = new Set(pass.send.map(({ nominal }) => nominal))
  for (const { reason, first, last, count } of pass.unsent) {
    // No two rows of the ledger may begin at one instant.
    expect(keys.has(first)).toBe(false)
    keys.add(first)
    if (reason === 'dst_gap') {
      const runs = line.gapsIn(first - 1, last)
      expect(runs).toEqual([{ first, last, count }])
      items.push(`${first} to ${last} gap ${count}`)
      continue
    }
    const dark = reason === 'blackout'
    const found = walk(dark ? line.all : line, first - 1, last)
    expect([found.length, found[0], found.at(-1)]).toEqual([count, first, last])
    items.push(...found.map((nominal) => `${nominal} ${dark ? 'dark' : 'due'}`))
  }
  items.push(...pass.send.map(({ nominal }) => `${nominal} due`))
  for (const { effective } of pass.send) expect(effective).toBeLessThanOrEqual(now)
  if (pass.next) expect(pass.next.effective).toBeGreaterThan(now)
  const ended = before.ended || (it.policies.maxRuns !== null && pass.runs >= it.policies.maxRuns)
  if (ended) expect(pass).toMatchObject({ next: null, wakeAt: null })
  else expect(pass).toMatchObject(clockAfter(it.schedule, it.policies, pass.cursor))
  if (!ended) expect(pass.next?.nominal).toBe(nextOccurrence(it.schedule, it.policies, pass.cursor)?.nominal)
  return {
    items: [...before.items, ...items],
    cursor: pass.cursor,
    runs: pass.runs,
    sent: [...before.sent, ...pass.send.map(({ nominal }) => nominal)],
    ended,
  }
}

/** Everything that is to be accounted for, found by walking: after `from` and up to `cursor`, all nominal. */
function named(it: Case, from: number, cursor: number): string[] {
  const line = timeline(it.schedule, it.policies)
  const open = new Set(walk(line, from, cursor))
  const items = walk(line.all, from, cursor).map((nominal) => `${nominal} ${open.has(nominal) ? 'due' : 'dark'}`)
  return sorted(items)
}

const sorted = (items: string[]): string[] => [...new Set(items)].sort()
const isGap = (item: string): boolean => item.includes(' gap ')
const withoutGaps = (items: string[]): string[] => items.filter((item) => !isGap(item)).sort()
const gapCount = (items: string[]): number =>
  items.filter(isGap).reduce((sum, item) => sum + Number(item.split(' ').at(-1)), 0)

describe(`for ${NUM_RUNS} random schedules, zones and policies each`, { timeout: 120_000 }, () => {
  test('one jump and many small passes of a plain interval account for the same occurrences, each exactly once', () => {
    let accounted = 0
    fc.assert(
      fc.property(plain, passesArb, (it, passes) => {
        const { small, jump } = both(it, passes)
        expect(withoutGaps(jump.items)).toEqual(named(it, it.from, jump.cursor))
        expect(withoutGaps(small.items)).toEqual(withoutGaps(jump.items))
        expect(small.cursor).toBe(jump.cursor)
        accounted += small.items.length
      }),
      seeded,
    )
    console.log(`one jump against small passes: ${NUM_RUNS} cases, ${accounted} occurrences accounted for`)
    expect(accounted).toBeGreaterThan(NUM_RUNS * 8)
  })

  // Which of them are sent depends on when one looks, under every misfire and overlap policy; that each of them is sent or
  // recorded, once, does not. Where the runs are limited it holds up to the last run, and that may come sooner or later.
  test('of any schedule they account for the same, whatever is unfinished, up to the last run', () => {
    const seen = { accounted: 0, dark: 0, gaps: 0, ended: 0 }
    fc.assert(
      fc.property(any, passesArb, (it, passes) => {
        const { small, jump, line } = both(it, passes)
        for (const { items, cursor, runs, sent, ended } of [small, jump]) {
          expect(withoutGaps(items)).toEqual(named(it, it.from, cursor))
          const gaps = line.gapsIn(it.from, cursor).reduce((sum, { count }) => sum + count, 0)
          expect(gapCount(items)).toBe(gaps)
          expect(runs).toBe(sent.length)
          expect(runs).toBeLessThanOrEqual(it.policies.maxRuns ?? Infinity)
          if (ended) expect(sent.at(-1)).toBe(cursor)
          seen.gaps += gaps
        }
        if (!small.ended && !jump.ended) expect(small.cursor).toBe(jump.cursor)
        // Only one that has used up its runs may stand before the other.
        else if (!small.ended) expect(small.cursor).toBeGreaterThanOrEqual(jump.cursor)
        else if (!jump.ended) expect(jump.cursor).toBeGreaterThanOrEqual(small.cursor)
        seen.accounted += small.items.length
        seen.dark += small.items.filter((item) => item.endsWith('dark')).length
        seen.ended += small.ended ? 1 : 0
      }),
      seeded,
    )
    console.log(`of any schedule: ${NUM_RUNS} cases, ${JSON.stringify(seen)}`)
    expect(Math.min(seen.accounted / 100, seen.dark / 10, seen.gaps, seen.ended)).toBeGreaterThan(80)
  })

  test('where everything is sent in its turn, one jump and small passes send the same, and end with the same run', () => {
    fc.assert(
      fc.property(any, passesArb, fc.constantFrom('allow', 'queue_all'), (given, passes, overlap) => {
        const misfire = { policy: 'all', graceSeconds: 1e11, max: 1000 } as const
        const it = { ...given, policies: { ...given.policies, misfire, overlap } }
        const { small, jump } = both(it, passes)
        expect(small.sent).toEqual(jump.sent)
        expect([small.cursor, small.runs, small.ended]).toEqual([jump.cursor, jump.runs, jump.ended])
        expect(withoutGaps(small.items)).toEqual(withoutGaps(jump.items))
        expect(gapCount(small.items)).toBe(gapCount(jump.items))
      }),
      seeded,
    )
  })

  test('a job that is looked at when it says so is never late, and between there is nothing to send', () => {
    let looks = 0
    fc.assert(
      fc.property(any, share(0, 1), (it, part) => {
        const { schedule, policies } = it
        let done = nothing(it.from)
        let { wakeAt } = clockAfter(schedule, policies, it.from)
        for (let look = 0; look < 8 && wakeAt !== null; look += 1) {
          const asleep = Math.max(done.cursor, Math.floor(done.cursor + part * (wakeAt - 1 - done.cursor)))
          expect(plan(schedule, policies, done.cursor, asleep, { ...untouched, runs: done.runs }).send).toEqual([])
          const pass = plan(schedule, policies, done.cursor, wakeAt, { ...untouched, runs: done.runs })
          for (const { effective } of pass.send) expect(effective).toBe(wakeAt)
          for (const { reason, last } of pass.unsent) {
            // What a gap left out while the one before it waited for its jitter is recorded with that one.
            if (pass.send.length > 0) expect(reason).toBe('dst_gap')
            else expect(['blackout', 'dst_gap']).toContain(reason)
            if (pass.send.length > 0) expect(last).toBeLessThanOrEqual(wakeAt)
            else expect(last).toBe(wakeAt)
          }
          expect(pass.send.length + pass.unsent.length).toBeGreaterThanOrEqual(1)
          done = account(it, done, wakeAt)
          wakeAt = pass.wakeAt
          looks += 1
        }
        if (wakeAt !== null || done.ended) return
        const rest = plan(schedule, policies, done.cursor, it.from + 2 * it.span, { ...untouched, runs: done.runs })
        expect([rest.send, rest.unsent]).toEqual([[], []])
      }),
      seeded,
    )
    expect(looks).toBeGreaterThan(NUM_RUNS * 3)
  })
})

function both(it: Case, passes: [number, Omit<JobState, 'runs'>][]) {
  let now = it.from
  let small = nothing(it.from)
  for (const [part, unfinished] of passes) {
    now = Math.floor(now + part * it.span)
    if (!small.ended) small = account(it, small, now, unfinished)
  }
  const jump = account(it, nothing(it.from), now, passes[0]?.[1])
  return { small, jump, line: timeline(it.schedule, it.policies) }
}
