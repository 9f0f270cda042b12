// What must hold in a soak.
import { median, percentile, type Verdict } from './figures.ts'
import type { Arrival } from './receiver.ts'
import type { arrivalRecord } from './soak-arrivals.ts'
import type { Ledger } from './soak-ledger.ts'
import type { startCalls } from './soak-load.ts'

/** Minutes at the beginning and at the end that are compared. */
const WINDOW = 5

const bounds = { p99: 1.2, growth: 1.1, rate: 0.98, calls: 0.8 }

export interface Minute {
  lateness: number[]
  /** Callbacks of the interval jobs: their rate is known. */
  count: number
  /** Ms since 1970. */
  endedAt: number
  /** By process, MiB. */
  memory: Map<string, number>
}

const windowOf = (all: Minute[]) => Math.max(1, Math.min(WINDOW, Math.floor(all.length / 2)))

/** When the last minutes began that are compared. */
export function startOfWindow(all: Minute[]): Date {
  return new Date((all.at(-1)?.endedAt ?? 0) - windowOf(all) * 60_000)
}

export function judgeStretch(
  name: string,
  arrivals: Arrival[],
  record: ReturnType<typeof arrivalRecord>,
  result: Verdict,
): void {
  const { early, earliestMs, repeated } = record.add(arrivals)
  const faults = [
    ...(early === 0 ? [] : [`${early} came early, by ${earliestMs.toFixed(1)} ms at the most`]),
    ...(repeated === 0 ? [] : [`${repeated} came again`]),
  ]
  result.check(`${name}: each callback once, none early`, faults.length === 0, faults.join('; '))
}

/** @param occurrences how many the interval jobs that nobody edited had, by their schedules */
export function judgeLedger(ledger: Ledger, distinct: number, occurrences: number, result: Verdict): void {
  const { succeeded, cancelled, unfinished, others, unedited } = ledger
  console.log(`# ledger: ${succeeded} succeeded, ${cancelled} cancelled by a delete`)
  result.check(
    'as many executions succeeded as arrived',
    succeeded === distinct,
    `${succeeded} succeeded, ${distinct} arrived`,
  )
  result.check('executions left unfinished', unfinished === 0, unfinished)
  result.check('executions that ended in another way', others.length === 0, others.join('; '))
  const held = occurrences > 0 && unedited === occurrences
  result.check('each occurrence of the unedited jobs in the ledger', held, `${unedited} of ${occurrences}`)
}

export function judgeCalls(calls: ReturnType<typeof startCalls>, result: Verdict): void {
  for (const { kind, made, meant } of calls.rates()) {
    result.atLeast(`calls: ${kind}`, made, meant * bounds.calls, ' /s')
  }
  const counts = new Map<string, number>()
  for (const it of calls.refused) counts.set(it, (counts.get(it) ?? 0) + 1)
  const said = [...counts].map(([text, count]) => `${count} × ${text}`)
  result.check('calls of the API that were refused', said.length === 0, said.slice(0, 6).join('; '))
}

/** @param cancelled callbacks that were due in the last minutes and that a delete came before */
export function judge(all: Minute[], rate: number, cancelled: number, result: Verdict): void {
  const window = windowOf(all)
  const [first, last] = [all.slice(0, window), all.slice(-window)]
  const arrived = last.reduce((sum, it) => sum + it.count, 0)
  result.atLeast(
    `callbacks /s of the last minutes, with ${cancelled} that a delete cancelled`,
    (arrived + cancelled) / (window * 60),
    Math.floor(rate * bounds.rate),
    ' /s',
  )
  const p99 = (its: Minute[]) =>
    percentile(
      its.flatMap((it) => it.lateness),
      99,
    )
  result.atMost(
    `p99 of the last ${window} minutes by that of the first ${window}`,
    p99(last) / p99(first),
    bounds.p99,
    ' ×',
  )
  for (const name of first[0]?.memory.keys() ?? []) {
    const held = (its: Minute[]) => median(its.map((it) => it.memory.get(name) ?? Number.NaN))
    const growth = held(last) / held(first)
    // Of its shared memory a server takes what it comes to need: all of it in the end, and no more.
    if (name === 'server') console.log(`memory of the server by that of the first minutes: ${growth.toFixed(2)} ×`)
    else result.atMost(`memory of ${name} by that of the first minutes`, growth, bounds.growth, ' ×')
  }
}
