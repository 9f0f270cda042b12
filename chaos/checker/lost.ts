// Occurrences of which there is no trace.
import type { Change } from '../history.ts'
import { sameDue } from './due.ts'
import { requiredTimes } from './expected.ts'
import { coveredBy } from './index-of.ts'
import type { Trial } from './judgement.ts'
import type { Life } from './life.ts'
import { occurrence } from './words.ts'

/** Reports occurrences that must have been due and neither arrived nor are in the ledger. Returns how many must have been due. */
export function judgeLost(trial: Trial): number {
  const { index, findings, quietSince } = trial
  const arrived = new Set(index.strays.arrivals.map((it) => `${it.job} ${it.scheduledFor}`))
  let due = 0
  for (const life of index.lives.values()) {
    const executions = index.ofJob(life.job.id)
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
