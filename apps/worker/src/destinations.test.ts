import { closedCircuit, type SharedCircuit } from '@scheduler/core/shared-circuit'
import { FAR } from '@scheduler/db/queries/ledger-rows'
import { describe, expect, test } from 'vitest'
import { createDestinations, type Destinations } from './destinations.ts'

const NOW = new Date('2031-05-06T07:08:09Z')
const HERE = 'http://here.test'
const FAIL_MAX = 5
const options = { concurrency: 40, failMax: FAIL_MAX, resetMs: 60_000, onOutcome: () => {} }

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
      for (let n = 0; n < taken; n += 1) destinations.release(HERE)
    }
  })

  test('an attempt that was broken off has shown nothing: the window stays as it is', async () => {
    const destinations = createDestinations(options)
    await attempt(destinations, 'down')
    for (let n = 0; n < 20; n += 1) await attempt(destinations, null)
    expect(places(destinations)).toBe(2)
    expect(destinations.isOpen(HERE)).toBe(false)
  })

  test('an attempt that was broken off does not end the failures in a row', async () => {
    const destinations = createDestinations(options)
    for (let n = 1; n < FAIL_MAX; n += 1) await attempt(destinations, 'down')
    await attempt(destinations, null)
    await attempt(destinations, 'down')
    expect(destinations.isOpen(HERE)).toBe(true)
  })
})

/** A circuit as the cluster may have it, at the time NOW. */
const shared = (fields: Partial<SharedCircuit>): SharedCircuit => ({ ...closedCircuit, ...fields })
const openUntil = (at: Date | null) =>
  shared({ state: 'open', failures: 5, openedAt: NOW.getTime(), retryAt: at?.getTime() ?? null })
const later = (ms: number) => new Date(NOW.getTime() + ms)

describe('an open circuit', () => {
  test('parks at once what this worker sends there, before any other is told', async () => {
    const destinations = createDestinations(options)
    await open(destinations)
    const parked = destinations.admit(HERE, NOW)
    expect(parked).toEqual({ reason: 'circuit_open', at: later(60_000) })
    expect(destinations.admit('http://other.test', NOW)).toBe('send')
  })

  test('that another worker opened parks until it may be probed, and holds where nobody asked the database', () => {
    const destinations = createDestinations(options)
    destinations.learn(HERE, openUntil(later(30_000)), NOW)
    expect(destinations.isOpen(HERE)).toBe(true)
    expect(destinations.admit(HERE, NOW)).toBe('hold')
    const circuit = { state: 'open', retryAt: later(30_000), isProbe: false } as const
    expect(destinations.admit(HERE, NOW, circuit)).toEqual({ reason: 'circuit_open', at: later(30_000) })
    expect(destinations.reopensAt(HERE, NOW).getTime() - NOW.getTime()).toBeGreaterThan(29_000)
  })

  test('that was opened by hand parks without an end', () => {
    const destinations = createDestinations(options)
    destinations.learn(HERE, openUntil(null), NOW)
    const circuit = { state: 'open', retryAt: null, isProbe: false } as const
    expect(destinations.admit(HERE, NOW, circuit)).toEqual({ reason: 'circuit_open', at: FAR })
    expect([destinations.reopensAt(HERE, NOW), destinations.refillable()]).toEqual([FAR, []])
  })

  test('lets its probe through, whatever else it keeps back', () => {
    const destinations = createDestinations(options)
    destinations.learn(HERE, openUntil(NOW), NOW)
    expect(destinations.admit(HERE, NOW, { state: 'half_open', retryAt: null, isProbe: true })).toBe('send')
  })

  test('may be probed once its time is up, with one execution; not before', () => {
    const destinations = createDestinations(options)
    destinations.learn(HERE, openUntil(later(30_000)), NOW)
    expect(destinations.refillable()).toEqual([])
    expect(destinations.refillInMs(60_000)).toBeGreaterThan(29_000)
    destinations.learn(HERE, openUntil(NOW), NOW)
    expect(destinations.refillable()).toEqual([{ destination: HERE, reason: 'circuit_open', places: 1 }])
    destinations.defer(HERE, 5_000)
    expect(destinations.refillable()).toEqual([])
    expect(destinations.refillInMs(60_000)).toBeLessThanOrEqual(5_000)
  })

  test('once it is closed it lets one through, then more; and what was parked for it is brought back', async () => {
    const destinations = createDestinations(options)
    for (let n = 0; n < 100; n += 1) await attempt(destinations, 'up')
    destinations.learn(HERE, openUntil(NOW), NOW)
    destinations.learn(HERE, shared({ drainingSince: NOW.getTime() }), NOW)
    expect(destinations.refillable().map((it) => it.reason)).toEqual(['circuit_open', 'destination_busy'])
    expect(places(destinations)).toBe(1)
    destinations.expectNone(HERE, 'circuit_open')
    expect(destinations.anyBacklog()).toBe(true)
    destinations.expectNone(HERE, 'destination_busy')
    expect([destinations.anyBacklog(), destinations.refillable()]).toEqual([false, []])
  })

  test('what it counted itself and has not told yet is not undone by what the others thought before', async () => {
    const destinations = createDestinations(options)
    await open(destinations)
    destinations.learn(HERE, shared({ failures: 2 }), NOW)
    expect(destinations.isOpen(HERE)).toBe(true)
    const told = destinations.takeOutcomes()
    destinations.learn(HERE, shared({ failures: 2 }), NOW)
    expect(destinations.isOpen(HERE), 'it is being told').toBe(true)
    destinations.outcomesTold(told, { again: false })
    destinations.learn(HERE, shared({ failures: 3 }), NOW)
    expect(destinations.isOpen(HERE), 'the others have seen it answer').toBe(false)
  })
})

describe('outcomes', () => {
  test('of attempts that go well are not told, unless there are failures that they end', async () => {
    const destinations = createDestinations(options)
    await attempt(destinations, 'up')
    expect(destinations.takeOutcomes()).toEqual([])
    destinations.learn(HERE, shared({ failures: 3 }), NOW)
    await attempt(destinations, 'up')
    expect(destinations.takeOutcomes()).toEqual([{ destination: HERE, succeeded: true, failures: 0 }])
  })

  test('are put together: what came before a success is of no account', async () => {
    const destinations = createDestinations(options)
    for (const result of ['down', 'down', 'up', 'down', null, 'down']) await attempt(destinations, result)
    expect(destinations.takeOutcomes()).toEqual([{ destination: HERE, succeeded: true, failures: 2 }])
    expect(destinations.takeOutcomes()).toEqual([])
  })

  test('that could not be told are told with the next ones, in order', async () => {
    const destinations = createDestinations(options)
    await attempt(destinations, 'up')
    await attempt(destinations, 'down')
    const told = destinations.takeOutcomes()
    await attempt(destinations, 'down')
    destinations.outcomesTold(told, { again: true })
    expect(destinations.takeOutcomes()).toEqual([{ destination: HERE, succeeded: false, failures: 2 }])
  })

  test.for([
    ['down', false],
    ['up', true],
    [null, null],
  ] as const)('of a probe that ends as %s say so, with the execution it was', async ([result, isUp]) => {
    const destinations = createDestinations(options)
    await destinations.run<string | null>(HERE, async () => result, isDown, 'the probe')
    expect(destinations.takeOutcomes()).toMatchObject([
      { destination: HERE, probe: { id: 'the probe', isUp, wasSent: true } },
    ])
  })
})

test('of a probe that was never sent say so', async () => {
  const destinations = createDestinations(options)
  await destinations.run<string | null>(
    HERE,
    async () => null,
    isDown,
    'the probe',
    () => false,
  )
  expect(destinations.takeOutcomes()).toMatchObject([{ probe: { isUp: null, wasSent: false } }])
})

describe('memory', () => {
  const name = (n: number) => `http://${n}.test`
  /** Told outcomes keep nothing. */
  const known = (destinations: Destinations) => destinations.size

  test.for(['up', 'down'])('is bounded, however many destinations answer %s', async (result) => {
    const destinations = createDestinations(options)
    for (let n = 0; n < 30_000; n += 1) {
      await attempt(destinations, result, name(n))
      if (n % 100 === 0) destinations.outcomesTold(destinations.takeOutcomes(), { again: false })
    }
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
    expect(known(destinations)).toBe(10_000)
    for (const n of [0, 1]) await attempt(destinations, 'down', name(n))
    // Both are known: the second anew, with a window of its own.
    expect([0, 1].map((n) => places(destinations, name(n)))).toEqual([3, 2])
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
