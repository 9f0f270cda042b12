// What a fuzz says on the terminal and in the report.
import type { FuzzFault, FuzzReport } from './tally.ts'

/** How many operations of a kind of answer are listed. */
const MOST_REASONS = 25

/** `postJobs 201×312 422×40 …`, one operation a line. */
export function statusLines({ statuses }: FuzzReport): string[] {
  return [...statuses].sort(byName).map(([operation, byStatus]) => {
    const counts = [...byStatus].sort(([a], [b]) => a - b).map(([status, count]) => `${status}×${count}`)
    return `${operation} ${counts.join(' ')}`
  })
}

/** `nearly: null ×9, too long ×7`, one line for each kind of request. */
export function classLines({ classes }: FuzzReport): string[] {
  const byKind = Map.groupBy([...classes].sort(byName), ([what]) => what.split(':')[0] ?? '')
  return [...byKind].map(([kind, some]) => {
    const counts = some.map(([what, count]) => `${what.slice(kind.length + 2) || 'all'} ×${count}`)
    return `${kind}: ${counts.join(', ')}`
  })
}

export function refusedLines({ refused }: FuzzReport): string[] {
  const all = [...refused].sort(([, a], [, b]) => b - a)
  const lines = all.slice(0, MOST_REASONS).map(([reason, count]) => `×${count} ${reason}`)
  return all.length > MOST_REASONS ? [...lines, `… and ${all.length - MOST_REASONS} more reasons`] : lines
}

export const faultLines = ({ what, count, number, command, answer }: FuzzFault): string[] => [
  `×${count} ${what}`,
  `  the first, request ${number}: ${command}`,
  `  answered: ${answer}`,
]

export const countOf = ({ faults }: FuzzReport, matches: RegExp): number =>
  faults.filter((it) => matches.test(it.what)).reduce((sum, it) => sum + it.count, 0)

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)
