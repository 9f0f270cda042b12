import { expect, test } from 'vitest'
import { compare } from './flat.ts'
import type { Run } from './measure.ts'

const run = (cpu: number, serverCpu = cpu): Run => ({
  ...{ rate: 100, p50: 5, p90: 10, p99: 20, max: 30, workerCpu: cpu, serverCpu, faults: [] },
})

test('each size that has a bound is held against a thousand idle jobs, whatever else took part', () => {
  const all = new Map([10, 1_000, 1_000_000, 10_000_000].map((size) => [size, [run(size === 1_000 ? 2 : 3)]]))
  const { judged, missing } = compare(all)
  expect(missing).toEqual([])
  expect(judged).toHaveLength(6)
  expect(judged).toContainEqual({
    ...{ what: 'CPU of the workers per callback at 1000000 idle jobs by that at 1000', ratio: 1.5, bound: 1.15 },
  })
})

test('a bound whose sizes did not both take part, or whose figure was not measured, is named', () => {
  expect(compare(new Map([[100_000, [run(1)]]]))).toEqual({
    judged: [],
    missing: [
      'the bounds at 1000000 idle jobs by 1000, since 1000 and 1000000 did not take part',
      'the bounds at 10000000 idle jobs by 1000, since 1000 and 10000000 did not take part',
    ],
  })
  const unknown = [run(1, Number.NaN)]
  const { judged, missing } = compare(new Map([1_000, 1_000_000].map((size) => [size, unknown])))
  expect(judged.map((it) => it.what)).toEqual([
    'lateness p99 at 1000000 idle jobs by that at 1000',
    'CPU of the workers per callback at 1000000 idle jobs by that at 1000',
  ])
  expect(missing[0]).toBe('CPU of the server per callback at 1000000 idle jobs by that at 1000, which was not measured')
})
