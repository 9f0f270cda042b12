// Whether what the ledger says of an execution's end is borne out by what was done, and by what arrived.
import type { AttemptRow } from '../history.ts'
import { answeredWell, type Execution } from './index-of.ts'
import type { Trial } from './judgement.ts'
import { judgeUnsent } from './unsent.ts'
import { ending, execution } from './words.ts'

/** A worker's claim lasts for that long, and an execution is given up when its eleventh is lost, ms. */
const CRASH_BUDGET_MS = 11 * 10_000

/** Reports executions that are not finished, and those whose state or reason is not what happened. */
export function judgeEnd(trial: Trial, it: Execution): void {
  const { findings } = trial
  const { row } = it
  switch (row.state) {
    case 'succeeded': {
      if (!it.arrivals.some(answeredWell)) {
        findings.lost.push(`${execution(row)} is succeeded, but no request of it was answered with a success`)
        return
      }
      const fault = successFault(it)
      if (fault) findings.unexplained.push(`${execution(row)} is succeeded, but ${fault}`)
      return
    }
    case 'failed': {
      const fault = overruled(trial, it) ?? failureFault(trial, it)
      if (fault) findings.unexplained.push(`${execution(row)} is ${ending(row)}, but ${fault}`)
      return
    }
    case 'cancelled':
    case 'skipped':
    case 'expired': {
      const fault = overruled(trial, it)
      if (fault) findings.unexplained.push(`${execution(row)} is ${ending(row)}, but ${fault}`)
      else judgeUnsent(trial, it)
      return
    }
    default:
      findings.lost.push(`${execution(row)} is still ${ending(row)}`)
  }
}

const succeeded = ({ outcome }: AttemptRow) => outcome === 'succeeded'

function successFault({ arrivals, attempts }: Execution): string | null {
  const well = new Set(arrivals.filter(answeredWell).map(({ attempt }) => attempt))
  const those = attempts.filter(succeeded)
  if (those.length === 0) return 'no attempt of it is recorded as succeeded'
  const made = those.find(({ attempt }) => !well.has(attempt))
  return made ? `its attempt ${made.attempt}, recorded as succeeded, was not answered so` : null
}

/** A success that is recorded stands, unless it came from an attempt that had been given up by then. */
function overruled({ faults }: Trial, { attempts }: Execution): string | null {
  const it = attempts.find(succeeded)
  if (!it || faults.mayRepeat(it.startedAt, it.finishedAt, it.pid)) return null
  return `its attempt ${it.attempt} is recorded as succeeded`
}

function failureFault({ faults }: Trial, { row, arrivals, attempts }: Execution): string | null {
  const finishedAt = row.finishedAt ?? Infinity
  const last = attempts.at(-1)
  if (row.reason === 'worker_crashed') {
    const isLong = finishedAt - row.scheduledFor >= CRASH_BUDGET_MS
    return isLong && faults.mayRepeat(row.scheduledFor, finishedAt, null)
      ? null
      : 'no eleven workers can have been lost'
  }
  if (!last || row.reason === null || !['rejected', 'timed_out', 'unreachable'].includes(row.reason)) {
    return 'nothing that was done is a reason for it'
  }
  if (last.outcome !== row.reason) return `its last attempt is ${last.outcome}`
  const answer = arrivals.find(({ attempt }) => attempt === last.attempt)
  if (answer && !answeredWell(answer) && (row.reason !== 'rejected' || answer.status !== null)) return null
  if (row.reason !== 'rejected' && faults.hit(last.startedAt, last.finishedAt, last.pid)) return null
  return `its last attempt was ${answer ? `answered with ${answer.status}` : 'not even received'}, and no fault was on`
}
