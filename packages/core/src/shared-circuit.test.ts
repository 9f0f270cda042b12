import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rampAt, rampTime } from './ramp.ts'
import { afterReport, closed, closedCircuit, mayProbe, opened, probing, type SharedCircuit } from './shared-circuit.ts'

const settings = { failMax: 5, resetMs: 60_000 }
const NOW = 1_000_000
const DESTINATION = 'http://here.test'

const report = (fields: object) => ({ destination: DESTINATION, succeeded: false, failures: 0, ...fields })
const after = (circuit: SharedCircuit, fields: object, now = NOW) => afterReport(circuit, report(fields), now, settings)
const open = opened({ ...closedCircuit, failures: 5 }, NOW, NOW + 60_000)
const half = probing(open, 'probe', NOW + 60_000, 15_000)

describe('a closed circuit', () => {
  test('adds up what all workers tell, and opens at the fifth failure in a row', () => {
    const first = after(closedCircuit, { failures: 3 }).circuit
    expect(first).toMatchObject({ state: 'closed', failures: 3 })
    expect(after(first, { failures: 1 })).toMatchObject({ circuit: { state: 'closed', failures: 4 }, cause: null })
    expect(after(first, { failures: 2 })).toEqual({ circuit: open, cause: 'failures' })
  })

  test('forgets failures that a success followed', () => {
    const shaky = { ...closedCircuit, failures: 4 }
    expect(after(shaky, { succeeded: true, failures: 2 }).circuit).toMatchObject({ state: 'closed', failures: 2 })
  })

  test('that was on a ramp is off it once it opens again', () => {
    const draining = { ...closedCircuit, drainingSince: NOW - 5_000 }
    expect(after(draining, { failures: 5 }).circuit).toMatchObject({ state: 'open', drainingSince: null })
  })
})

describe('an open circuit', () => {
  test('takes no account of attempts that began before it opened', () => {
    for (const fields of [
      { failures: 9 },
      { succeeded: true },
      { probe: { id: 'another', isUp: true, wasSent: true }, succeeded: true },
    ]) {
      expect(after(open, fields)).toEqual({ circuit: open, cause: null })
      expect(after(half, fields)).toEqual({ circuit: half, cause: null })
    }
  })

  test('may be probed when its time is up, by one, and by another once that one is lost', () => {
    expect([NOW + 59_999, NOW + 60_000].map((now) => mayProbe(open, now))).toEqual([false, true])
    expect([NOW + 74_999, NOW + 75_000].map((now) => mayProbe(half, now))).toEqual([false, true])
    expect(mayProbe(opened(closedCircuit, NOW, null), NOW * 10)).toBe(false)
    expect(mayProbe(closedCircuit, NOW * 10)).toBe(false)
  })

  test('closes with its probe, and drains from then on', () => {
    const done = after(half, { succeeded: true, probe: { id: 'probe', isUp: true, wasSent: true } }, NOW + 61_000)
    expect(done).toEqual({ circuit: { ...closedCircuit, drainingSince: NOW + 61_000 }, cause: 'probe_succeeded' })
  })

  test('stays open as long again when its probe fails or is broken off, and is probed again at once when that was never sent', () => {
    const now = NOW + 61_000
    const failed = after(half, { failures: 1, probe: { id: 'probe', isUp: false, wasSent: true } }, now)
    expect(failed).toMatchObject({
      ...{
        circuit: { state: 'open', failures: 6, openedAt: NOW, retryAt: now + 60_000, probeId: null, probeUntil: null },
      },
      cause: 'probe_failed',
    })
    const [unsent, cut] = [false, true].map((wasSent) => {
      return after(half, { probe: { id: 'probe', isUp: null, wasSent } }, now)
    })
    expect(unsent).toMatchObject({ circuit: { state: 'open', failures: 5, retryAt: now }, cause: 'probe_lost' })
    expect(cut, 'its request was made').toMatchObject({ circuit: { failures: 5, retryAt: now + 60_000 } })
  })

  test('that is closed by hand may be kept on the brink', () => {
    const brink = closed(open, NOW, 4)
    expect(brink).toMatchObject({ state: 'closed', failures: 4, drainingSince: NOW })
    expect(after(brink, { failures: 1 }).cause).toBe('failures')
    expect(after(brink, { succeeded: true }).circuit.failures).toBe(0)
  })
})

test('whatever is reported, a circuit that is not closed knows since when, and only a half open one has a probe', () => {
  const reports = fc.record({
    succeeded: fc.boolean(),
    failures: fc.nat(7),
    probe: fc.option(
      fc.record({
        id: fc.constantFrom('probe', 'other'),
        isUp: fc.constantFrom(true, false, null),
        wasSent: fc.boolean(),
      }),
      {
        nil: undefined,
      },
    ),
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(reports, fc.nat(90_000)), { maxLength: 30 }), (steps) => {
      let circuit: SharedCircuit = closedCircuit
      let now = NOW
      for (const [fields, ms] of steps) {
        now += ms
        if (mayProbe(circuit, now)) circuit = probing(circuit, 'probe', now, 15_000)
        circuit = after(circuit, fields, now).circuit
        expect(circuit.openedAt === null).toBe(circuit.state === 'closed')
        expect(circuit.probeId !== null).toBe(circuit.state === 'half_open')
        expect(circuit.drainingSince === null || circuit.state === 'closed').toBe(true)
      }
    }),
  )
})

describe('the ramp', () => {
  const ramp = { perSecond: 20 }

  test('lets one go at once, as many a second as it says at first, and twice as many every two seconds', () => {
    const counts = [0, 1_000, 2_000, 4_000, 6_000].map((ms) => rampAt(ramp, ms))
    expect(counts).toEqual([1, 24, 58, 174, 404])
    const perSecond = (ms: number) => rampAt({ perSecond: 2_000 }, ms + 10) - rampAt({ perSecond: 2_000 }, ms)
    expect([0, 2_000, 4_000].map((ms) => Math.round(perSecond(ms) / 10))).toEqual([2, 4, 8])
  })

  test('grows to a hundred times its first rate, and no further', () => {
    expect(rampAt(ramp, 61_000) - rampAt(ramp, 60_000)).toBe(2_000)
    expect(rampAt(ramp, 3_601_000) - rampAt(ramp, 3_600_000)).toBe(2_000)
  })

  test('says when the next may go: then it may, and not a moment before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200_000 }),
        fc.double({ min: 0.1, max: 5_000, noNaN: true }),
        (count, rate) => {
          const at = rampTime({ perSecond: rate }, count)
          expect(rampAt({ perSecond: rate }, at + 0.01 / rate + 0.001)).toBeGreaterThanOrEqual(count)
          expect(rampAt({ perSecond: rate }, at - 0.01 / rate - 0.001)).toBeLessThan(count)
        },
      ),
    )
  })
})
