import { clockChange } from '@scheduler/core/clock-change'
import type { ExecutionReason } from '@scheduler/core/execution'
import { sayDuration } from '@scheduler/core/say-time'
import { formatUtc } from './dry-run.ts'
import type { OutcomeWithout } from './explain-answer.ts'
import { said, saidWall } from './explain-said.ts'
import { sayBlackout, sayGap } from './explain-sentence.ts'
import type { Evidence, Subject } from './explain-subject.ts'

export interface Absence {
  sentence: string
  outcome: OutcomeWithout | 'skipped'
  reason: ExecutionReason | null
}

/** Why there is no execution of an instant: it is not one, it is to come, or nothing made one. */
export function explainAbsence(
  subject: Subject,
  { blackout, prunedBefore }: Pick<Evidence, 'blackout' | 'prunedBefore'>,
): Absence {
  const { job, at, now, rule, matched } = subject
  const past = at <= now
  const the = `the run of ${said(at, subject)}`
  if (at < job.createdAt.getTime()) {
    return plain('before_creation', `The job did not exist yet: it was created at ${said(job.createdAt, subject)}.`)
  }
  if (job.deletedAt && at >= job.deletedAt.getTime()) {
    return plain('deleted', `Nothing is sent: the job was deleted at ${said(job.deletedAt, subject)}.`)
  }
  if (!rule) return plain('unknown', withoutRule(subject))
  if (!matched) return notOne(subject)

  const { version, policies, line } = rule
  // What a dispatcher has not come to: the state that the job has now counts.
  const isOpen = at > job.cursorAt.getTime()
  // Before anything is said of the job: what a pause left open may have been sent after it.
  if (!isOpen && prunedBefore && at < prunedBefore.getTime()) {
    const bound = `of this job only the newest executions are kept, and those before ${said(prunedBefore, subject)} were pruned`
    return plain('pruned', `What became of ${the} is no longer known: ${bound}.`)
  }
  const isPaused = isOpen && job.status === 'paused'
  const resumesBefore = isPaused && job.pausedUntil !== null && at > job.pausedUntil.getTime()
  if (isPaused && !resumesBefore) return plain('paused', sayPaused(subject), 'paused')
  if (version.status === 'paused' && !resumesBefore)
    return plain('paused', 'It was not sent: the job was paused then.', 'paused')
  if (isOpen && job.status === 'quarantined') {
    return plain(
      'unknown',
      `${past ? 'It was' : 'It is'} not sent: the job is quarantined. ${job.statusReason ?? ''}`.trim(),
    )
  }
  if (isOpen && job.status === 'completed') {
    return plain('completed', `It is not sent: the job was completed at ${said(job.completedAt, subject)}.`)
  }
  const isGap = line.gapsIn(at - 1, at).length > 0 && line.all.atOrBefore(at) !== at
  const reason = isGap ? 'dst_gap' : blackout ? 'blackout' : null
  if (!past) {
    if (isGap) return plain('skipped', `It will not be sent: ${sayGap(toldOf(subject))}.`, reason)
    if (blackout)
      return plain('skipped', `It will not be sent: ${the} lies in ${sayBlackout(blackout, subject)}.`, reason)
    const { maxRuns } = policies
    if (maxRuns !== null && job.runs + line.countIn(job.cursorAt.getTime(), at) > maxRuns) {
      const sentence = `It is not sent: max_runs is ${maxRuns}, and if each run before it is sent none is left for it.`
      return plain('completed', sentence)
    }
    const { effective } = line.at(at)
    const delayed = effective > at ? `, at ${said(effective, subject)} with its jitter` : ''
    return plain('upcoming', `It has not come yet: ${the} is to be sent in ${sayDuration(effective - now)}${delayed}.`)
  }
  if (isOpen) return due(subject, reason)
  const sentence = `What became of ${the} is no longer known: executions are kept until retention.`
  return plain('unknown', sentence)
}

function due(subject: Subject, reason: ExecutionReason | null): Absence {
  const { at, now, rule } = subject
  if (reason) return plain('due', 'It will not be sent, and no worker has recorded that yet.', reason)
  const effective = rule?.line.at(at).effective ?? at
  if (effective > now) {
    return plain('due', `It is due and waits for its jitter: it is sent at ${said(effective, subject)}.`)
  }
  return plain('due', `It is due for ${sayDuration(now - effective)}, and no worker has dispatched it yet.`)
}

/** Of a job that is paused: what becomes of an occurrence of the pause. */
function sayPaused(subject: Subject): string {
  const { job, at, now } = subject
  const why = job.statusReason ? ` (${job.statusReason})` : ''
  const since = `the job is paused since ${said(job.pausedAt, subject)}${why}`
  if (!job.pausedUntil) {
    return `${at <= now ? 'It was not sent' : 'It is not sent unless the job is resumed before'}: ${since}.`
  }
  const end = `until ${said(job.pausedUntil, subject)}`
  const then = {
    skip: 'what comes due in the pause is not sent',
    last: 'of what comes due in the pause the newest is sent then',
    all: 'what comes due in the pause is sent then',
  }[job.resumeMissed ?? 'skip']
  return `It is held back: ${since} ${end}, and ${then} (missed: ${job.resumeMissed ?? 'skip'}).`
}

/** The schedule does not name it; what it does name around. */
function notOne(subject: Subject): Absence {
  const { at, rule } = subject
  if (!rule) return plain('unknown', withoutRule(subject))
  const [before, after] = [rule.line.all.atOrBefore(at - 1), rule.line.all.after(at)]
  const previous = before === null ? 'there is none before' : `the one before is ${said(before, subject)}`
  const next = after === null ? 'there is none after' : `the next is ${said(after, subject)}`
  const sentence = `The schedule names no run at ${said(at, subject)}${passedOver(subject)}; ${previous}, ${next}.`
  return plain('not_an_occurrence', sentence)
}

/** Where the clocks show the wall time twice and the other pass is the one that counts. */
function passedOver({ at, rule, zone }: Subject): string {
  const change = rule && clockChange(rule.zone, at)
  if (!rule || !change || change.after >= change.before) return ''
  const length = change.before - change.after
  const other = at < change.at ? at + length : at - length
  const isOther = rule.line.all.atOrBefore(other) === other && Math.abs(change.at - other) <= length
  if (!isOther) return ''
  const wall = saidWall(at + (at < change.at ? change.before : change.after))
  return `: ${wall} comes twice in ${zone}, and the one that counts, by dst.fold, is ${formatUtc(other)}`
}

function withoutRule({ job }: Subject): string {
  if (job.status !== 'quarantined') return 'What the schedule was then is no longer known: it is past retention.'
  return `Nothing is known of it: the job is quarantined. ${job.statusReason ?? ''}`.trim()
}

const toldOf = (subject: Subject) => ({
  ...subject,
  change: subject.rule && clockChange(subject.rule.zone, subject.at),
})

const plain = (outcome: Absence['outcome'], sentence: string, reason: ExecutionReason | null = null): Absence => ({
  sentence,
  outcome,
  reason,
})
