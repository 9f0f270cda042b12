import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { averageMs, type Case, caseArb, share, stateArb } from '../test/cases.ts'
import { walk } from '../test/listed.ts'
import { nextOccurrence, occurrences, plan } from './planner.ts'
import { timeline } from './timeline.ts'

const NUM_RUNS = 4000
const seeded = { numRuns: NUM_RUNS, seed: 20_261_101 }
const plain = caseArb({ plain: true })
const any = caseArb()

/** Nominal instants after `from` and up to `to` that may be sent, one by one. */
const openIn = ({ schedule, policies }: Case, from: number, to: number): number[] =>
  walk(timeline(schedule, policies), from, to)

describe(`for ${NUM_RUNS} random schedules, zones and policies each`, { timeout: 120_000 }, () => {
  test('occurrences are strictly after, strictly rising, within bounds, and do not depend on where one starts', () => {
    fc.assert(
      fc.property(any, ({ schedule, policies, from }) => {
        const found = occurrences(schedule, policies, from, 12)
        const line = timeline(schedule, policies)
        let before = from
        for (const [i, { nominal, effective }] of found.entries()) {
          expect(nominal).toBeGreaterThan(before)
          expect(effective).toBeGreaterThanOrEqual(nominal)
          expect(effective - nominal).toBeLessThanOrEqual(policies.jitterSeconds * 1000)
          if (found[i + 1]) expect(effective).toBeLessThan(found[i + 1]?.nominal ?? 0)
          if ('end' in schedule) expect(nominal).toBeLessThanOrEqual(Date.parse(schedule.end ?? ''))
          if ('start' in schedule) expect(nominal).toBeGreaterThanOrEqual(Date.parse(schedule.start ?? ''))
          expect(policies.blackouts.some((it) => it.from <= nominal && nominal < it.to)).toBe(false)
          expect(nextOccurrence(schedule, policies, Math.floor((before + nominal - 1) / 2))?.nominal).toBe(nominal)
          expect(line.atOrBefore(nominal)).toBe(nominal)
          if (i > 0) expect(line.atOrBefore(nominal - 1)).toBe(before)
          before = nominal
        }
      }),
      seeded,
    )
  })

  test('every occurrence of exact units is aligned with the anchor: none is missing, and none is between', () => {
    fc.assert(
      fc.property(plain, (it) => {
        if (it.schedule.type !== 'interval') return
        const { every, anchor, anchorGiven } = it.schedule
        const exact = averageMs({ ...every, years: 0, months: 0, weeks: 0, days: 0 })
        if (exact !== averageMs(every)) return
        for (const nominal of openIn(it, it.from, it.from + it.span / 10)) {
          expect((nominal - Date.parse(anchor)) % exact).toBe(0)
          expect(nominal).toBeGreaterThanOrEqual(Date.parse(anchor) + (anchorGiven ? 0 : exact))
        }
      }),
      seeded,
    )
  })

  test('counting is the same as walking', () => {
    fc.assert(
      fc.property(any, share(0, 1), (it, part) => {
        const to = Math.floor(it.from + part * it.span)
        const line = timeline(it.schedule, it.policies)
        expect(line.countIn(it.from, to)).toBe(openIn(it, it.from, to).length)
        expect(line.all.countIn(it.from, to)).toBe(walk(line.all, it.from, to).length)
      }),
      seeded,
    )
  })

  test('what is sent and what is not follows from its lateness and the policy', () => {
    fc.assert(
      fc.property(plain, share(0, 0.5), (it, part) => {
        const now = Math.floor(it.from + part * it.span)
        const { policy, graceSeconds, max } = it.policies.misfire
        const { send, unsent } = plan(it.schedule, it.policies, it.from, now)
        const line = timeline(it.schedule, it.policies)
        const due = openIn(it, it.from, now)
          .map(line.at)
          .filter(({ effective }) => effective <= now)
        const late = policy === 'skip' ? Math.min(1, graceSeconds) : graceSeconds
        const fresh = due.filter(({ effective }) => now - effective <= late * 1000)
        const chosen = policy === 'last' ? fresh.slice(-1) : policy === 'all' ? fresh.slice(-max) : fresh
        expect(send).toEqual(chosen.map((occurrence) => ({ ...occurrence, behind: false })))
        const count = (reason: string) => unsent.find((it) => it.reason === reason)?.count ?? 0
        expect(count('missed_grace')).toBe(due.length - fresh.length)
        expect(count('coalesced')).toBe(fresh.length - send.length)
      }),
      seeded,
    )
  })

  test('overlap takes its part of what would be sent, and max_runs the oldest of that', () => {
    fc.assert(
      fc.property(any, share(0, 0.5), stateArb, fc.nat(6), (it, part, unfinished, runs) => {
        const now = Math.floor(it.from + part * it.span)
        const free = plan(it.schedule, { ...it.policies, overlap: 'allow', maxRuns: null }, it.from, now)
        const unlimited = plan(it.schedule, { ...it.policies, maxRuns: null }, it.from, now, { runs: 0, ...unfinished })
        const count = (reason: string) => unlimited.unsent.find((it) => it.reason === reason)?.count ?? 0
        expect(unlimited.send.length + count('overlap_skipped')).toBe(free.send.length)
        expect(free.send.map((it) => it.nominal)).toEqual(
          expect.arrayContaining(unlimited.send.map((it) => it.nominal)),
        )
        const limited = plan(it.schedule, it.policies, it.from, now, { runs, ...unfinished })
        const left = Math.max(0, (it.policies.maxRuns ?? Infinity) - runs)
        expect(limited.send).toEqual(unlimited.send.slice(0, left))
        expect(limited.runs).toBe(runs + limited.send.length)
        if (limited.send.length < left) expect(limited).toEqual({ ...unlimited, runs: limited.runs })
        else expect(limited).toMatchObject({ next: null, wakeAt: null })
      }),
      seeded,
    )
  })
})
