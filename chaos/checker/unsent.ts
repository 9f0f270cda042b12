// Whether an execution that was not sent, or not to its end, was cancelled or skipped for the reason that it has.
import { wasSent } from './asked-for.ts'
import { mayHaveNamed } from './expected.ts'
import type { Execution } from './index-of.ts'
import type { Trial } from './judgement.ts'
import { CLOCK_MS, type JobState, type Life, mayHaveBeen } from './life.ts'
import { ending, execution, seconds } from './words.ts'

/** How long after an attempt its end may not be written yet where nothing is broken, ms. */
const WRITE_MS = 500

export function judgeUnsent(trial: Trial, it: Execution): void {
  const life = trial.index.lives.get(it.row.jobId)
  if (!life) return
  const { findings } = trial
  const told = (fault: string) => `${execution(it.row)} is ${ending(it.row)}, but ${fault}`
  if (it.row.state !== 'cancelled' && wasSent(it)) return void findings.unexplained.push(told('it was attempted'))
  switch (ending(it.row)) {
    case 'cancelled deleted':
      return cancelled('delete', 'deleted')
    case 'cancelled paused':
      return cancelled('pause', 'paused')
    case 'skipped paused': {
      const fault = leftOutFault(trial, life, it)
      if (fault) findings.unexplained.push(told(fault))
      return
    }
    case 'skipped overlap_skipped': {
      if (!wasBusy(trial, it)) findings.unexplained.push(told('no earlier execution of the job was unfinished'))
      return
    }
    case 'skipped coalesced': {
      const newer = newerThan(trial, life, it)
      if (newer === null) findings.lost.push(told('no newer occurrence took its place'))
      else checkDelay(newer, 'when a newer one took its place')
      return
    }
    default:
      findings.unexplained.push(told('nothing that was done is a reason for it'))
  }

  function cancelled(kind: 'delete' | 'pause', status: JobState['status']): void {
    const at = it.row.finishedAt ?? Infinity
    const change = life?.job.changes.find(
      (change) =>
        change.kind === kind &&
        change.sentAt - CLOCK_MS <= at &&
        it.row.scheduledFor <= (change.answeredAt ?? Infinity) + CLOCK_MS,
    )
    const isSo = life && mayHaveBeen(life, at, at, (state) => state.status === status)
    if (!change || !isSo) findings.unexplained.push(told(`no ${kind} was under way then`))
    else if (it.attempts.length === 0) checkDelay(change.sentAt, `when the ${kind} came, and had not been sent`)
  }

  function checkDelay(at: number, text: string): void {
    const { scheduledFor } = it.row
    if (trial.faults.mayTake(scheduledFor, at)) return
    findings.late.push(`${execution(it.row)} had been due for ${seconds(at - scheduledFor)} ${text}`)
  }
}

/** Of what a pause is said to have left out, why that can't be; null where it can. */
function leftOutFault({ faults }: Trial, life: Life, { row }: Execution): string | null {
  const last = row.scheduledUntil ?? row.scheduledFor
  const isPaused = (at: number) => mayHaveBeen(life, at, at, ({ status }) => status === 'paused')
  const pauses = life.job.changes.filter(({ kind }) => kind === 'pause')
  const isJustBefore = (at: number) => pauses.some(({ sentAt }) => sentAt >= at && faults.mayTake(at, sentAt))
  const times = mayHaveNamed(life, row.scheduledFor, last).find((them) => them.length === row.count) ?? []
  const other = times.find((at) => !isPaused(at) && !isJustBefore(at))
  return other === undefined ? null : `the job was not paused at ${new Date(other).toISOString()}`
}

/** Whether an execution before it may have been unfinished: until its end was written, which faults may have delayed. */
function wasBusy({ faults, index }: Trial, { row }: Execution): boolean {
  const { byTime, manual } = index.ofJob(row.jobId)
  const last = row.scheduledUntil ?? row.scheduledFor
  return [...byTime.values(), ...manual].some(({ row: other }) => {
    if (other.id === row.id || other.state === 'skipped' || other.state === 'expired') return false
    // A run by hand may have come between its time and its dispatch.
    const isBefore = other.scheduledFor < row.scheduledFor || other.kind === 'manual'
    return isBefore && faults.mayTake(other.finishedAt ?? Infinity, last, WRITE_MS)
  })
}

/** The time of the occurrence that was sent in its place; null where there is none, or nothing may be left out. */
function newerThan({ index }: Trial, life: Life, { row }: Execution): number | null {
  const last = row.scheduledUntil ?? row.scheduledFor
  const mayBe = mayHaveBeen(
    life,
    row.scheduledFor,
    last,
    ({ version }) => life.definitions[version]?.coalesces ?? false,
  )
  const newer = [...index.ofJob(row.jobId).byTime.values()].map((it) => it.row)
  const sent = newer.filter((it) => it.scheduledFor > last && it.reason !== 'coalesced').map((it) => it.scheduledFor)
  return mayBe && sent.length > 0 ? Math.min(...sent) : null
}
