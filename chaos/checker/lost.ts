// Occurrences of which there is no trace, or more than one.
import type { Change, LedgerRow } from '../history.ts'
import { sameDue } from './due.ts'
import { requiredTimes } from './expected.ts'
import { coveredBy, type JobExecutions } from './index-of.ts'
import type { Trial } from './judgement.ts'
import type { Life } from './life.ts'
import { execution, occurrence } from './words.ts'

/** Reports occurrences that must have been due and neither arrived nor are in the ledger, or are there twice. Returns how many must have been due. */
export function judgeLost(trial: Trial): number {
  const { index, findings, quietSince } = trial
  const arrived = new Set(index.strays.arrivals.map((it) => `${it.job} ${it.scheduledFor}`))
  let due = 0
  for (const life of index.lives.values()) {
    const executions = index.ofJob(life.job.id)
    judgeTwice(trial, executions)
    const times = requiredTimes(life, quietSince)
    due += times.length
    for (const at of times) {
      if (coveredBy(executions, at) || arrived.has(`${life.job.id} ${at}`)) continue
      if (!isLeftToPause(trial, life, at)) {
        findings.lost.push(`${occurrence(life.job.id, at)}, neither arrived nor is in the ledger`)
      }
    }
  }
  return due
}

/** Reports executions of what an execution before them stands for already. */
function judgeTwice({ findings }: Trial, { byTime }: JobExecutions): void {
  let before: LedgerRow | undefined
  for (const { row } of [...byTime.values()].sort((a, b) => a.row.scheduledFor - b.row.scheduledFor)) {
    if (before && row.scheduledFor <= (before.scheduledUntil ?? before.scheduledFor)) {
      findings.unexplained.push(`${execution(row)} is of what execution ${before.id} stands for already`)
    } else before = row
  }
}

/**
 * Whether a pause came before the dispatcher had come to it. Such an occurrence is recorded only when the pause is over, or the
 * job is deleted or gets another schedule.
 */
function isLeftToPause({ faults }: Trial, { job }: Life, at: number): boolean {
  return job.changes.some((change, n) => {
    if (change.kind !== 'pause' || change.sentAt < at || !faults.mayTake(at, change.sentAt)) return false
    return !job.changes.some((later, m) => m > n && recordsPause(later, job.changes.slice(0, m)))
  })
}

function recordsPause({ kind, answeredAt, definition }: Change, before: Change[]): boolean {
  if (answeredAt === null) return false
  if (kind === 'resume' || kind === 'delete') return true
  const old = before.findLast((it) => it.definition)?.definition
  return kind === 'edit' && definition !== undefined && old !== undefined && !sameDue(definition.due, old.due)
}
