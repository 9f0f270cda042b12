// The checker: what became of all that was asked for, judged by what the clients know and by what arrived at the receiver. It
// asks nothing of the service, and shares no code with it.
import { percentile } from '../../bench/figures.ts'
import type { History } from '../history.ts'
import type { Bounds } from '../scenario.ts'
import { judgeAskedFor } from './asked-for.ts'
import { judgeNumbers, judgeRepeats, judgeStrayAttempts } from './attempts.ts'
import { faultsOf } from './faults.ts'
import { type Execution, indexOf } from './index-of.ts'
import { type Figures, type Judgement, kinds, noFindings, type Trial } from './judgement.ts'
import { judgeLost } from './lost.ts'
import { judgeEnd } from './reasons.ts'
import { judgeRequests, judgeStrays, type Lateness } from './requests.ts'
import { ending, execution } from './words.ts'

const defaults = { lateMs: 2_000, promptMs: 1_000, recoveryMs: 20_000 }

/**
 * Judges a run. A repetition must have a witness, a fault that may have caused it; all together are held to `duplicates`, or to
 * what was in flight at the faults where that was counted.
 */
export function check(history: History, bounds: Bounds = {}): Judgement {
  const { lateMs, promptMs, recoveryMs } = { ...defaults, ...bounds }
  const index = indexOf(history)
  const faults = faultsOf(history.faults, { lateMs, promptMs, recoveryMs })
  const findings = noFindings()
  const trial: Trial = { index, faults, findings, lateMs, promptMs, quietSince: history.quietSince }
  for (const row of index.twins) {
    findings.unexplained.push(`${execution(row)} is not the only one of its job, time and kind`)
  }
  const due = judgeLost(trial)
  const asked = judgeAskedFor(trial)
  const lateness = asked.flatMap((it) => judgeExecution(trial, it) ?? [])
  const repeats = [...index.executions.values()].map((it) => judgeRepeats(trial, it))
  const repeated = repeats.reduce((sum, it) => sum + it.repeated, 0)
  const witnessed = repeats.reduce((sum, it) => sum + it.witnessed, 0)
  const heldUp = repeats.reduce((sum, it) => sum + it.heldUp, 0)
  if (heldUp > (bounds.sentLate ?? Number.POSITIVE_INFINITY)) {
    findings.duplicated.push(
      `${heldUp} requests were made by workers that had stood still, and another had made them again`,
    )
  }
  judgeStrays(trial)
  judgeStrayAttempts(trial)
  const inFlight = inFlightAt(history)
  const most = bounds.duplicates ?? inFlight
  // Those without a witness are found one by one.
  if (most !== null && witnessed > most) {
    findings.duplicated.push(`${witnessed} requests were repeated, but the faults can have made only ${most} necessary`)
  }
  return { figures: figuresOf(history, { due, repeated, heldUp, inFlight }, lateness), findings }
}

/** Whether nothing was found that should not be. */
export const isSound = ({ findings }: Judgement): boolean => kinds.every((kind) => findings[kind].length === 0)

function judgeExecution(trial: Trial, it: Execution): Lateness | null {
  const life = trial.index.lives.get(it.row.jobId)
  if (!life) return null
  judgeEnd(trial, life, it)
  judgeNumbers(trial, it)
  return judgeRequests(trial, life, it)
}

/** Null where a fault that may repeat attempts was not counted. */
function inFlightAt({ faults }: History): number | null {
  const those = faults.filter(({ mayRepeat }) => mayRepeat)
  return those.some((it) => it.inFlight === undefined) ? null : those.reduce((sum, it) => sum + (it.inFlight ?? 0), 0)
}

function figuresOf(
  { jobs, ledger, arrivals }: History,
  counted: Pick<Figures, 'due' | 'repeated' | 'heldUp' | 'inFlight'>,
  lateness: Lateness[],
): Figures {
  const ended: Record<string, number> = {}
  for (const row of ledger) ended[ending(row)] = (ended[ending(row)] ?? 0) + row.count
  const plain = lateness.filter(({ byFault }) => !byFault).map(({ ms }) => ms)
  return {
    jobs: jobs.length,
    changes: jobs.reduce((sum, it) => sum + it.changes.length, 0),
    executions: ledger.length,
    requests: arrivals.length,
    ...counted,
    ended,
    lateByFault: lateness.length - plain.length,
    latenessMs: { p50: percentile(plain, 50), p99: percentile(plain, 99), most: percentile(plain, 100) },
  }
}
