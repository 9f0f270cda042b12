// How the API bench says what it has measured.
import { percentile } from '../rig.ts'
import type { Measured } from './parties.ts'

export const median = (values: number[]): number => percentile(values, 50)

const spread = (values: number[]): string =>
  `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)} in ${values.length} runs`

/** One line for each figure of the runs against one server. */
export function printRuns(name: string, runs: Measured[]): void {
  const rates = runs.map((it) => it.rate)
  const latencies = (p: number) => median(runs.map((it) => percentile(it.latencies, p))).toFixed(1)
  console.log(`${name}: ${median(rates).toFixed(0)} /s (${spread(rates)})`)
  console.log(`${name}: latency p50 ${latencies(50)} ms, p99 ${latencies(99)} ms`)
  console.log(`${name}: CPU of its process ${median(runs.map((it) => it.cpu)).toFixed(3)} ms each`)
}
