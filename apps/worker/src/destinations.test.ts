import { describe, expect, test, vi } from 'vitest'
import { createDestinations, type Destinations } from './destinations.ts'

const NOW = new Date('2031-05-06T07:08:09Z')
const HERE = 'http://here.test'
const FAIL_MAX = 5
const options = { concurrency: 40, failMax: FAIL_MAX, resetMs: 60_000, timeoutMs: 10_000, onChange: () => {} }

const isDown = (result: string | null) => result === 'down'

/** An attempt from its place to its end. */
async function attempt(destinations: Destinations, result: string | null, destination = HERE) {
  const decision = destinations.admit(destination, NOW)
  if (decision !== 'send') return decision
  await destinations.run<string | null>(destination, async () => result, isDown)
  destinations.release(destination)
  return decision
}

async function open(destinations: Destinations, destination = HERE) {
  for (let n = 0; n < FAIL_MAX; n += 1) await attempt(destinations, 'down', destination)
  expect(destinations.isOpen(destination)).toBe(true)
}

/** How many are admitted now, one after another, none of them given back. */
function places(destinations: Destinations, destination = HERE): number {
  for (let n = 0; ; n += 1) if (destinations.admit(destination, NOW) !== 'send') return n
}

describe('places', () => {
  test('a destination gets failMax places at first, and what comes after them is held', () => {
    const destinations = createDestinations(options)
    expect(places(destinations)).toBe(FAIL_MAX)
    expect(destinations.admit(HERE, NOW)).toBe('hold')
    expect(places(destinations, 'http://other.test')).toBe(FAIL_MAX)
  })

  test('it gets one more with each success, up to its concurrency, and half with a failure', async () => {
    const destinations = createDestinations(options)
    for (let n = 0; n < 100; n += 1) await attempt(destinations, 'up')
    await attempt(destinations, 'down')
    expect(places(destinations)).toBe(20)
    const others = createDestinations(options)
    for (let n = 0; n < 100; n += 1) await attempt(others, 'up')
    expect(places(others)).toBe(40)
  })

  test('a destination that was never up gets exactly failMax attempts, however many are asked for at once', async () => {
    const destinations = createDestinations(options)
    let attempts = 0
    for (let round = 0; round < 50; round += 1) {
      const asked = Array.from({ length: 40 }, () => destinations.admit(HERE, NOW)).filter((it) => it === 'send')
      attempts += asked.length
      await Promise.all(asked.map(() => destinations.run(HERE, async () => 'down', isDown)))
      for (const _ of asked) destinations.release(HERE)
    }
    expect(attempts).toBe(FAIL_MAX)
  })

  test('claims that never ran give their places back', () => {
    const destinations = createDestinations(options)
    for (let round = 0; round < 3; round += 1) {
      const taken = places(destinations)
      expect(taken).toBe(FAIL_MAX)
      for (let n = 0; n < taken; n += 1) destinations.giveBack(HERE)
    }
  })

  test('an attempt that was broken off has shown nothing: the window stays as it is', async () => {
    const destinations = createDestinations(options)
    await attempt(destinations, 'down')
    for (let n = 0; n < 20; n += 1) await attempt(destinations, null)
    expect(places(destinations)).toBe(2)
    expect(destinations.isOpen(HERE)).toBe(false)
  })
})

describe('an open circuit', () => {
  const short = { ...options, resetMs: 0 }

  test('parks until it may be probed, by the clock of the database', async () => {
    const destinations = createDestinations(options)
    await open(destinations)
    const parked = destinations.admit(HERE, NOW)
    expect(parked).toEqual({ reason: 'circuit_open', at: expect.any(Date) })
    const inMs = (parked as { at: Date }).at.getTime() - NOW.getTime()
    expect(inMs).toBeGreaterThan(55_000)
    expect(inMs).toBeLessThanOrEqual(60_000)
    expect(destinations.admit('http://other.test', NOW)).toBe('send')
  })

  test('has one place for a probe; who comes while it is under way is parked until it would be repeated, at the soonest a second', async () => {
    const destinations = createDestinations(short)
    await open(destinations)
    expect(places(destinations)).toBe(1)
    const at = new Date(NOW.getTime() + 1_000)
    expect(destinations.admit(HERE, NOW)).toEqual({ reason: 'circuit_open', at })
    const probe = Promise.withResolvers<string>()
    const probing = destinations.run(HERE, () => probe.promise, isDown)
    expect(destinations.isOpen(HERE), 'it is half open').toBe(false)
    expect(places(destinations)).toBe(0)
    probe.resolve('up')
    await probing
  })

  test('a probe whose claim never ran gives its place back, as often as that happens', async () => {
    const destinations = createDestinations(short)
    await open(destinations)
    for (let n = 0; n < 3; n += 1) {
      expect(places(destinations)).toBe(1)
      destinations.giveBack(HERE)
    }
    expect(await attempt(destinations, 'up')).toBe('send')
    expect(destinations.admit(HERE, NOW)).toBe('send')
  })

  test('a probe that was broken off has shown nothing: the circuit stays open', async () => {
    const changes: string[] = []
    const destinations = createDestinations({ ...short, onChange: (_, state) => changes.push(state) })
    await open(destinations)
    expect(await attempt(destinations, null)).toBe('send')
    expect(changes).toEqual(['open', 'half_open', 'open'])
  })

  test('once it closes it lets two through, then more; and what was parked for it is brought back', async () => {
    const destinations = createDestinations({ ...short, failMax: 2 })
    for (let n = 0; n < 100; n += 1) await attempt(destinations, 'up')
    for (let n = 0; n < 2; n += 1) await attempt(destinations, 'down')
    expect([destinations.isOpen(HERE), destinations.refillable()]).toEqual([true, []])
    await attempt(destinations, 'up')
    expect(destinations.hasBacklog(HERE)).toBe(true)
    expect(destinations.refillable().map((it) => it.reason)).toEqual(['circuit_open', 'destination_busy'])
    expect(places(destinations)).toBe(2)
    destinations.expectNone(HERE, 'circuit_open')
    expect(destinations.anyBacklog()).toBe(true)
    destinations.expectNone(HERE, 'destination_busy')
    expect([destinations.anyBacklog(), destinations.refillable()]).toEqual([false, []])
  })
})

describe('reports', () => {
  test('give times by the database, whatever this machine takes the time for', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('1999-01-01T00:00:00Z') })
    const destinations = createDestinations(options)
    await open(destinations)
    const [report] = destinations.takeReports(NOW)
    vi.useRealTimers()
    expect(report).toMatchObject({ destination: HERE, state: 'open', failures: FAIL_MAX })
    expect(NOW.getTime() - Number(report?.openedAt)).toBeGreaterThanOrEqual(0)
    expect(NOW.getTime() - Number(report?.openedAt)).toBeLessThan(5_000)
    // Each is rounded to a millisecond of its own.
    expect(Math.abs(Number(report?.retryAt) - Number(report?.openedAt) - options.resetMs)).toBeLessThanOrEqual(1)
  })

  test('are made of what changed, once', async () => {
    const destinations = createDestinations(options)
    await attempt(destinations, 'up')
    const closed = { destination: HERE, state: 'closed', failures: 0, openedAt: null, retryAt: null }
    expect(destinations.takeReports(NOW)).toEqual([closed])
    await attempt(destinations, 'up')
    expect(destinations.takeReports(NOW)).toEqual([])
    await attempt(destinations, 'down')
    expect(destinations.takeReports(NOW)).toEqual([{ ...closed, failures: 1 }])
  })
})

describe('memory', () => {
  const name = (n: number) => `http://${n}.test`
  const known = (destinations: Destinations) => destinations.takeReports(NOW).length

  test.for(['up', 'down'])('is bounded, however many destinations answer %s', async (result) => {
    const destinations = createDestinations(options)
    for (let n = 0; n < 30_000; n += 1) await attempt(destinations, result, name(n))
    expect(known(destinations)).toBe(10_000)
  })

  test('busy destinations, those with parked executions and open circuits stay, whatever else comes', async () => {
    const destinations = createDestinations({ ...options, concurrency: 1 })
    const [busy, parked, broken] = ['http://busy.test', 'http://parked.test', 'http://broken.test']
    expect(places(destinations, busy)).toBe(1)
    destinations.expect(parked)
    await open(destinations, broken)
    for (let n = 0; n < 15_000; n += 1) await attempt(destinations, 'up', name(n))
    expect(known(destinations)).toBe(10_000)
    expect(destinations.admit(busy, NOW)).toBe('hold')
    expect(destinations.hasBacklog(parked)).toBe(true)
    expect(destinations.isOpen(broken)).toBe(true)
  })

  test('those called least recently make room', async () => {
    const destinations = createDestinations(options)
    for (let n = 0; n < 10_000; n += 1) await attempt(destinations, 'up', name(n))
    await attempt(destinations, 'up', name(0))
    await attempt(destinations, 'up', name(10_000))
    destinations.takeReports(NOW)
    for (const n of [0, 1]) await attempt(destinations, 'up', name(n))
    expect(destinations.takeReports(NOW).map((it) => it.destination)).toEqual([name(1)])
  })

  test('more busy ones than that are all kept, and let go once they are not', async () => {
    const destinations = createDestinations({ ...options, concurrency: 1 })
    for (let n = 0; n < 11_000; n += 1) expect(destinations.admit(name(n), NOW)).toBe('send')
    for (let n = 0; n < 11_000; n += 1) expect(destinations.admit(name(n), NOW)).toBe('hold')
    for (let n = 0; n < 11_000; n += 1) destinations.release(name(n))
    await attempt(destinations, 'up')
    expect(known(destinations)).toBe(10_000)
  })
})
