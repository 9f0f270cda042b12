import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Circuit, type CircuitStateName, createCircuit } from './circuit.ts'

const FAIL_MAX = 3
const RESET_MS = 1_000

/** A circuit with a clock that the test sets, and what it said. */
function circuitAt(start = 50_000) {
  const clock = { now: start }
  const changes: CircuitStateName[] = []
  const onChange = (state: CircuitStateName) => changes.push(state)
  const circuit = createCircuit({ failMax: FAIL_MAX, resetMs: RESET_MS, now: () => clock.now, onChange })
  return { circuit, clock, changes }
}

const isFailure = (result: string) => result === 'down'
const succeed = (circuit: Circuit) => circuit.run(async () => 'up', isFailure)
const fail = (circuit: Circuit) => circuit.run(async () => 'down', isFailure)

async function open(circuit: Circuit) {
  for (let n = 0; n < FAIL_MAX; n += 1) await fail(circuit)
  expect(circuit.state).toBe('open')
}

/** A call that is answered when the test says so. */
function pending(circuit: Circuit) {
  const { promise, resolve } = Promise.withResolvers<string>()
  let called = false
  const result = circuit.run(() => {
    called = true
    return promise
  }, isFailure)
  return { result, called, answer: resolve }
}

afterEach(() => vi.useRealTimers())

describe('opening', () => {
  test('failMax failures in a row open the circuit, and one less does not', async () => {
    const { circuit, clock, changes } = circuitAt()
    for (let n = 1; n < FAIL_MAX; n += 1) await fail(circuit)
    expect([circuit.state, circuit.failures, circuit.admits()]).toEqual(['closed', FAIL_MAX - 1, true])
    expect([circuit.openedAt, circuit.retryAt]).toEqual([null, null])
    await fail(circuit)
    expect([circuit.state, circuit.admits(), changes]).toEqual(['open', false, ['open']])
    expect([circuit.openedAt, circuit.retryAt]).toEqual([clock.now, clock.now + RESET_MS])
  })

  test('a success in between starts the count again', async () => {
    const { circuit } = circuitAt()
    for (let round = 0; round < 5; round += 1) {
      for (let n = 1; n < FAIL_MAX; n += 1) await fail(circuit)
      await succeed(circuit)
      expect([circuit.state, circuit.failures]).toEqual(['closed', 0])
    }
  })

  test('a call that shows nothing is handed on, and neither adds to the failures in a row nor ends them', async () => {
    const { circuit } = circuitAt()
    const brokenOff = () =>
      circuit.run(
        async () => 'nothing',
        () => null,
      )
    for (let n = 1; n < FAIL_MAX; n += 1) await fail(circuit)
    expect(await brokenOff()).toBe('nothing')
    expect([circuit.state, circuit.failures]).toEqual(['closed', FAIL_MAX - 1])
    await fail(circuit)
    expect(circuit.state).toBe('open')
  })

  test('a call that shows nothing closes nothing as a probe, and one that throws is rejected', async () => {
    const { circuit, clock } = circuitAt()
    await open(circuit)
    clock.now += RESET_MS
    expect(
      await circuit.run(
        async () => 'nothing',
        () => null,
      ),
    ).toBe('nothing')
    expect(circuit.state).toBe('open')
    const { circuit: other } = circuitAt()
    await expect(other.run(() => Promise.reject(new Error('down')), isFailure)).rejects.toThrow('down')
  })

  test('a result is handed on as it is, also one that counts as a failure', async () => {
    const { circuit } = circuitAt()
    expect([await succeed(circuit), await fail(circuit)]).toEqual(['up', 'down'])
  })
})

test('each call is judged by its own rule, whatever other calls are under way', async () => {
  const { circuit } = circuitAt()
  const strict = pending(circuit)
  await circuit.run(
    async () => 'down',
    () => false,
  )
  strict.answer('down')
  await strict.result
  expect(circuit.failures).toBe(1)
})

describe('while open', () => {
  test('nobody is admitted until resetMs have passed by the given clock', async () => {
    const { circuit, clock } = circuitAt()
    await open(circuit)
    const openedAt = clock.now
    for (const passed of [0, 1, RESET_MS / 2, RESET_MS - 1]) {
      clock.now = openedAt + passed
      expect(circuit.admits(), `${passed} ms after it opened`).toBe(false)
    }
    clock.now = openedAt + RESET_MS
    expect(circuit.admits()).toBe(true)
  })

  test('a wall clock that jumps a day ahead or back lets no probe through early, and keeps none back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    for (const jumpMs of [86_400_000, -86_400_000]) {
      const { circuit, clock } = circuitAt()
      await open(circuit)
      vi.setSystemTime(Date.now() + jumpMs)
      expect(circuit.admits()).toBe(false)
      clock.now += RESET_MS
      expect(circuit.admits()).toBe(true)
      await succeed(circuit)
      expect(circuit.state).toBe('closed')
    }
  })

  test('a call that was admitted before is made without waiting, and its result changes nothing', async () => {
    const { circuit } = circuitAt()
    await open(circuit)
    expect(await succeed(circuit)).toBe('up')
    expect(await fail(circuit)).toBe('down')
    expect(circuit.state).toBe('open')
  })

  test('late results of calls made while it was closed neither close it nor put its probe off', async () => {
    const { circuit, clock } = circuitAt()
    const late = [pending(circuit), pending(circuit)]
    await open(circuit)
    const { retryAt } = circuit
    clock.now += RESET_MS / 2
    late[0]?.answer('up')
    late[1]?.answer('down')
    await Promise.all(late.map(({ result }) => result))
    expect([circuit.state, circuit.retryAt]).toEqual(['open', retryAt])
  })
})

describe('the probe', () => {
  test('of a hundred that ask, exactly one probes', async () => {
    const { circuit, clock } = circuitAt()
    await open(circuit)
    clock.now += RESET_MS
    const probes = []
    for (let n = 0; n < 100; n += 1) if (circuit.admits()) probes.push(pending(circuit))
    expect([probes.length, circuit.state]).toEqual([1, 'half_open'])
    clock.now += 100 * RESET_MS
    expect(circuit.admits()).toBe(false)
    probes[0]?.answer('up')
    await probes[0]?.result
  })

  test('a success closes the circuit for everybody', async () => {
    const { circuit, clock, changes } = circuitAt()
    await open(circuit)
    clock.now += RESET_MS
    await succeed(circuit)
    expect([circuit.state, circuit.failures, circuit.openedAt, circuit.retryAt]).toEqual(['closed', 0, null, null])
    expect(changes).toEqual(['open', 'half_open', 'closed'])
    expect([circuit.admits(), circuit.admits()]).toEqual([true, true])
  })

  test('a failure keeps it open for another resetMs, counted from the failure; and then there is one probe again', async () => {
    const { circuit, clock, changes } = circuitAt()
    await open(circuit)
    for (let round = 0; round < 3; round += 1) {
      clock.now += RESET_MS
      const probe = pending(circuit)
      clock.now += 700
      probe.answer('down')
      await probe.result
      expect([circuit.state, circuit.retryAt]).toEqual(['open', clock.now + RESET_MS])
      clock.now += RESET_MS - 1
      expect(circuit.admits()).toBe(false)
      clock.now += 1
      expect(circuit.admits()).toBe(true)
    }
    expect(changes).toEqual(['open', ...Array.from({ length: 3 }, () => ['half_open', 'open']).flat()])
  })

  test('while it hangs, any other call is made and answered at once', async () => {
    const { circuit, clock } = circuitAt()
    await open(circuit)
    clock.now += RESET_MS
    const probe = pending(circuit)
    expect(circuit.state).toBe('half_open')
    for (const answer of ['up', 'down']) {
      const other = pending(circuit)
      expect(other.called, 'the call is made before anybody waits').toBe(true)
      other.answer(answer)
      expect(await Promise.race([other.result, new Promise((resolve) => setImmediate(resolve, 'waits'))])).toBe(answer)
      expect(circuit.state).toBe('half_open')
    }
    probe.answer('up')
    await probe.result
    expect(circuit.state).toBe('closed')
  })

  test('a call that throws gives the place of the probe back', async () => {
    const { circuit, clock } = circuitAt()
    await open(circuit)
    clock.now += RESET_MS
    await expect(circuit.run(() => Promise.reject(new Error('a bug')), isFailure)).rejects.toThrow('a bug')
    clock.now += RESET_MS
    expect(circuit.admits()).toBe(true)
  })
})

test('circuits know nothing of each other', async () => {
  const [one, other] = [circuitAt(), circuitAt()]
  await open(one.circuit)
  expect([other.circuit.state, other.circuit.failures, other.circuit.admits()]).toEqual(['closed', 0, true])
})
