import { type Judgement, kinds } from './judgement.ts'

/** Findings of a kind that are told in full. */
const EXAMPLES = 5

/** A judgement as lines of a report. */
export function say({ figures, findings }: Judgement): string[] {
  const { jobs, changes, due, executions, requests, repeated, inFlight, lateByFault, latenessMs } = figures
  const ended = Object.entries(figures.ended).toSorted(([, a], [, b]) => b - a)
  const { p50, p99, most } = latenessMs
  const ms = (it: number) => (Number.isNaN(it) ? 'none' : `${it.toFixed(0)} ms`)
  return [
    `${jobs} jobs, ${changes} changes, ${due} occurrences that must have been due`,
    `${executions} executions: ${ended.map(([how, count]) => `${count} ${how}`).join(', ') || 'none'}`,
    `${requests} requests, ${repeated} of them repeated; ${inFlight ?? 'uncounted'} in flight at the faults`,
    `late: p50 ${ms(p50)}, p99 ${ms(p99)}, at most ${ms(most)}; by a fault: ${lateByFault}`,
    ...kinds.flatMap((kind) => [
      `${kind}: ${findings[kind].length}`,
      ...findings[kind].slice(0, EXAMPLES).map((it) => `  ${it}`),
      ...(findings[kind].length > EXAMPLES ? [`  and ${findings[kind].length - EXAMPLES} more`] : []),
    ]),
  ]
}
