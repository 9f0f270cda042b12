import type { ExecutionReason } from '@scheduler/core/execution'
import { sayDuration } from '@scheduler/core/say-time'
import type { HeldBy } from '@scheduler/db/queries/explain'
import { FAR } from '@scheduler/db/queries/ledger-rows'
import { said } from './explain-said.ts'
import type { Told } from './explain-subject.ts'

type HoldingBack = Extract<ExecutionReason, 'circuit_open' | 'destination_busy' | 'destination_limited' | 'key_limited'>

/** Why an execution is kept out of the queue, and when it goes out. */
export const byHoldingBack: Record<HoldingBack, (told: Told) => string> = {
  circuit_open: (told) => {
    const { row, circuit } = told
    const before =
      row.attempt === 0 ? 'It is held back, without an attempt' : 'It is held back, and this uses no attempt'
    return `${before}: the circuit of ${row.destination} ${circuit ? sayCircuit(told) : sayOpen(told)}`
  },
  destination_busy: ({ row }) =>
    `It is held back: ${row.destination} has as much under way as it is given at once, and it goes out when there is room`,
  destination_limited: sayLimited,
  key_limited: sayLimited,
}

/** The circuit may have moved on since the execution was parked for it. */
function sayCircuit(told: Told): string {
  switch (told.circuit?.state) {
    case 'closed':
      return 'was open and has closed, and what it kept back goes out by and by'
    case 'half_open':
      return 'is open, and another execution is on its way to find out whether it answers again'
    default:
      return sayOpen(told)
  }
}

function sayOpen({ row, circuit, ...told }: Told): string {
  // The execution has the time that counted when it was parked: a probe may have failed since.
  const at = circuit ? circuit.retryAt : row.nextAttemptAt
  if (at === null || at >= FAR) return 'is open until it is closed by hand'
  return `is open and may be probed at ${said(at, told)}`
}

function sayLimited({ row, limits }: Told): string {
  const held = limits.map(sayLimit).join(', and ')
  if (limits.some(({ paused }) => paused)) return `It is held back: ${held}; it goes out once that is lifted`
  if (limits.length > 0) return `It is held back: ${held}; it goes out as that allows`
  const flow = row.reason === 'key_limited' ? `the flow key ${row.flowKey ?? 'of its job'}` : row.destination
  return `It is held back: ${flow} had a limit that was lifted, and what it kept back goes out by and by`
}

/** `https://example.com is limited to 10 in 1 second and 5 in flight (GET /destinations)` */
function sayLimit({ kind, flow, rateCount, ratePerSeconds, concurrency, paused }: HeldBy): string {
  const [name, where] = kind === 'key' ? [`the flow key ${flow}`, 'GET /flow-keys'] : [flow, 'GET /destinations']
  if (paused) return `${name} is paused (${where})`
  const rate = rateCount !== null && ratePerSeconds !== null && `${rateCount} in ${sayDuration(ratePerSeconds * 1_000)}`
  const parts = [rate, concurrency !== null && `${concurrency} in flight`].filter(Boolean)
  return `${name} is limited to ${parts.join(' and ')} (${where})`
}
