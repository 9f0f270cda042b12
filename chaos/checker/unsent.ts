// Whether an execution that was not sent, or not to its end, was cancelled or skipped for the reason that it has.
import { wasSent } from './asked-for.ts'
import { mayHaveNamed } from './expected.ts'
import type { Execution } from './index-of.ts'
import type { Kind, Trial } from './judgement.ts'
import { CLOCK_MS, type JobState, type Life, mayHaveBeen } from './life.ts'
import { ending, seconds, when } from './words.ts'

/** Why an end is not what happened, as the end of a sentence, and what that is a case of. */
export interface Fault {
  kind: Kind
  fault: string
}

const unexplained = (fault: string): Fault => ({ kind: 'unexplained', fault })

/** How long after an attempt its end may not be written yet where nothing is broken, ms. */
const WRITE_MS = 500
/** As soon as this two occurrences may be found due together by a pass that is not quick, ms: an edit may bring them so near. */
const LEAST_SLACK_MS = 500

export function unsentFault(trial: Trial, life: Life, it: Execution): Fault | null {
  const { row } = it
  if (row.state !== 'cancelled' && wasSent(it)) return unexplained('it was attempted')
  switch (ending(row)) {
    case 'cancelled deleted':
      return cancelFault(trial, life, it, 'delete', 'deleted')
    case 'cancelled paused':
      return cancelFault(trial, life, it, 'pause', 'paused')
    case 'skipped paused':
      return leftOutFault(trial, life, it)
    case 'skipped overlap_skipped':
      return wasBusy(trial, it) ? null : unexplained('no earlier execution of the job was unfinished')
    case 'skipped coalesced': {
      const newer = newerThan(trial, life, it)
      if (newer === null) return { kind: 'lost', fault: 'no newer occurrence was sent in its place' }
      // Where nothing was wrong it was to be sent before the next one came due, however soon that is.
      const slackMs = Math.min(
        trial.lateMs,
        Math.max(newer - (row.scheduledUntil ?? row.scheduledFor) - 1, LEAST_SLACK_MS),
      )
      return delayFault(trial, it, newer, 'when a newer one took its place', slackMs)
    }
    default:
      return unexplained('nothing that was done is a reason for it')
  }
}

/** A change takes with it what was pending; where that had waited for too long, it is late all the same. */
function cancelFault(
  trial: Trial,
  life: Life,
  it: Execution,
  kind: 'delete' | 'pause',
  status: JobState['status'],
): Fault | null {
  const at = it.row.finishedAt ?? Infinity
  const change = life.job.changes.find(
    ({ kind: asked, sentAt, answeredAt }) =>
      asked === kind && sentAt - CLOCK_MS <= at && it.row.scheduledFor <= (answeredAt ?? Infinity) + CLOCK_MS,
  )
  if (!change || !mayHaveBeen(life, at, at, (state) => state.status === status)) {
    return unexplained(`no ${kind} can have ended it at ${when(at)}`)
  }
  return it.attempts.length > 0 ? null : delayFault(trial, it, change.sentAt, `when the ${kind} was asked for`)
}

function delayFault({ faults }: Trial, { row }: Execution, at: number, text: string, slackMs?: number): Fault | null {
  if (faults.mayTake(row.scheduledFor, at, slackMs)) return null
  return { kind: 'late', fault: `it had been due for ${seconds(at - row.scheduledFor)} ${text}` }
}

/** What a pause has left out came due during it, or had not been dispatched when it began. */
function leftOutFault({ faults }: Trial, life: Life, { row }: Execution): Fault | null {
  const last = row.scheduledUntil ?? row.scheduledFor
  const isPaused = (at: number) => mayHaveBeen(life, at, at, ({ status }) => status === 'paused')
  const pauses = life.job.changes.filter(({ kind }) => kind === 'pause')
  const isJustBefore = (at: number) => pauses.some(({ sentAt }) => sentAt >= at && faults.mayTake(at, sentAt))
  const times = mayHaveNamed(life, row.scheduledFor, last).find((them) => them.length === row.count) ?? []
  const other = times.find((at) => !isPaused(at) && !isJustBefore(at))
  return other === undefined ? null : unexplained(`the job was not paused at ${when(other)}`)
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
