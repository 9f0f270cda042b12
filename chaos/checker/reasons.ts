// Whether what the ledger says of an execution's end is borne out by what was done, and by what arrived.
import type { AttemptRow } from '../history.ts'
import { answeredWell, type Execution } from './index-of.ts'
import type { Trial } from './judgement.ts'
import type { Life } from './life.ts'
import { type Fault, unsentFault } from './unsent.ts'
import { ending, execution } from './words.ts'

/** A worker's claim lasts for that long, and an execution is given up when its eleventh is lost, ms. */
const CRASH_BUDGET_MS = 11 * 10_000

/** Reports an execution that is not finished, or whose state or reason is not what happened. */
export function judgeEnd(trial: Trial, life: Life, it: Execution): void {
  const found = endFault(trial, life, it)
  if (!found) return
  trial.findings[found.kind].push(`${execution(it.row)} is ${ending(it.row)}, but ${found.fault}`)
}

function endFault(trial: Trial, life: Life, it: Execution): Fault | null {
  const overruled = it.row.state === 'succeeded' ? null : overruledFault(trial, it)
  switch (it.row.state) {
    case 'succeeded':
      return successFault(it)
    case 'failed':
      return overruled ?? failureFault(trial, it)
    case 'cancelled':
    case 'skipped':
    case 'expired':
      return overruled ?? unsentFault(trial, life, it)
    default:
      return { kind: 'lost', fault: 'all should be finished by now' }
  }
}

const unexplained = (fault: string): Fault => ({ kind: 'unexplained', fault })

const succeeded = ({ outcome }: AttemptRow) => outcome === 'succeeded'

function successFault({ arrivals, attempts }: Execution): Fault | null {
  const well = new Set(arrivals.filter(answeredWell).map(({ attempt }) => attempt))
  if (well.size === 0) return { kind: 'lost', fault: 'no request of it was answered with a success' }
  const those = attempts.filter(succeeded)
  if (those.length === 0) return unexplained('no attempt of it is recorded as succeeded')
  const made = those.find(({ attempt }) => !well.has(attempt))
  return made ? unexplained(`its attempt ${made.attempt}, recorded as succeeded, was not answered so`) : null
}

/** A success that is recorded stands, unless it came from an attempt that had been given up by then. */
function overruledFault({ faults }: Trial, { attempts }: Execution): Fault | null {
  const it = attempts.find(succeeded)
  if (!it || faults.mayRepeat(it.startedAt, it.finishedAt, it.pid)) return null
  return unexplained(`its attempt ${it.attempt} is recorded as succeeded`)
}

function failureFault({ faults }: Trial, { row, arrivals, attempts }: Execution): Fault | null {
  const finishedAt = row.finishedAt ?? Infinity
  if (row.reason === 'worker_crashed') {
    const isLong = finishedAt - row.scheduledFor >= CRASH_BUDGET_MS
    const mayBe = isLong && faults.mayRepeat(row.scheduledFor, finishedAt, null)
    return mayBe ? null : unexplained('no eleven workers can have been lost with it')
  }
  const last = attempts.at(-1)
  if (!last || !['rejected', 'timed_out', 'unreachable'].includes(row.reason ?? '')) {
    return unexplained('nothing that was done is a reason for it')
  }
  if (last.outcome !== row.reason) return unexplained(`its last attempt is ${last.outcome}`)
  const answer = arrivals.find(({ attempt }) => attempt === last.attempt)
  if (answer && !answeredWell(answer) && (row.reason !== 'rejected' || answer.status !== null)) return null
  if (row.reason !== 'rejected' && faults.hit(last.startedAt, last.finishedAt, last.pid)) return null
  const how = answer ? `answered with ${answer.status}` : 'not even received'
  return unexplained(`its last attempt was ${how}, and no fault was on`)
}
