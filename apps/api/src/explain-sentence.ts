import { skippedWall } from '@scheduler/core/clock-change'
import type { ExecutionReason, ExecutionState } from '@scheduler/core/execution'
import { sayDuration } from '@scheduler/core/say-time'
import { offsetAt } from '@scheduler/core/timezone'
import { sayCancelled } from './explain-cancelled.ts'
import { byFailure } from './explain-failure.ts'
import { byHoldingBack } from './explain-parked.ts'
import { said, saidWall } from './explain-said.ts'
import type { Blackout, Subject, Told } from './explain-subject.ts'
import { saySuccess } from './explain-success.ts'

/** Why an execution stands where it stands, without the final period. */
const byReason: Record<ExecutionReason, (told: Told) => string> = {
  missed_grace: ({ row, at, rule }) => {
    const late = sayDuration(row.createdAt.getTime() - (rule?.line.at(at).effective ?? at))
    const { policy, graceSeconds } = rule?.policies.misfire ?? {}
    if (row.state !== 'expired' && policy === 'skip') {
      return `It was not sent: it was ${late} late when the workers came back, and the job's misfire policy is skip`
    }
    const grace = graceSeconds === undefined ? 'its grace' : `the grace of ${sayDuration(graceSeconds * 1_000)}`
    return `It was not sent: it was ${late} late when the workers came back, past ${grace}`
  },
  coalesced: (told) =>
    `It was not sent: ${told.instead ? `the run of ${said(told.instead.scheduledFor, told)}` : 'a newer one'} was sent in its place${policyOf(told, 'misfire')}`,
  overlap_skipped: (told) => {
    const { blocker, row } = told
    if (!blocker) return `It was skipped because an earlier run was not finished${policyOf(told, 'overlap')}`
    const isRunning = blocker.claimedAt !== null && blocker.claimedAt <= row.createdAt
    return `It was skipped because the run of ${said(blocker.scheduledFor, told)} was ${isRunning ? 'still running' : 'not finished'}${policyOf(told, 'overlap')}`
  },
  paused: (told) => {
    const { row, pause, job } = told
    const why = pause?.reason ? ` (${pause.reason})` : ''
    if (row.state === 'cancelled') {
      return `It was cancelled before it was sent: the job was paused at ${said(row.finishedAt, told)}${why}`
    }
    if (!pause) return 'It was not sent: the job was paused'
    const since = `the job was paused from ${said(pause.from, told)}${why}`
    const end = job.deletedAt && !pause.to ? `deleted at ${said(job.deletedAt, told)}` : null
    return `It was not sent: ${since} and ${pause.to ? `resumed at ${said(pause.to, told)}` : (end ?? 'still is')}`
  },
  blackout: (told) => `It was not sent: the run of ${said(told.at, told)} lies in ${sayBlackout(told.blackout, told)}`,
  dst_gap: (told) => `It was not sent: ${sayGap(told)}`,
  circuit_probe: ({ row }) =>
    `It is the one that is sent to find out whether ${row.destination}, whose circuit is open, answers again`,
  awaiting_ack: ({ row, ...told }) =>
    `Its receiver answered 202 on attempt ${row.attempt} and has until ${said(row.ackDeadlineAt, told)} to say how its work ended`,
  overlap_queued: (told) =>
    `It waits for its turn: ${told.blocker ? `the run of ${said(told.blocker.scheduledFor, told)}` : 'an earlier run'} is not finished${policyOf(told, 'overlap')}`,
  superseded: (told) =>
    `It was cancelled because ${told.instead ? `the newer run of ${said(told.instead.scheduledFor, told)}` : 'a newer run'} took its place${policyOf(told, 'overlap')}`,
  cancelled_by_hand: sayCancelled,
  deleted: (told) => `It was cancelled before it was sent: the job was deleted at ${said(told.row.finishedAt, told)}`,
  ...byFailure,
  ...byHoldingBack,
}

/** The same where there is no reason to give: the plain course of things. */
const byState: Record<ExecutionState, (told: Told) => string> = {
  queued: (told) => {
    const { row } = told
    if (isRedriven(row)) return `It was redriven at ${said(row.redrivenAt, told)} and waits for a worker`
    if (row.attempt > 0) return `It is queued for attempt ${row.attempt + 1} and waits for a worker`
    return `It is queued since ${said(row.createdAt, told)} and waits for a worker`
  },
  running: (told) => `It is running: attempt ${told.row.attempt} began at ${said(told.row.claimedAt, told)}`,
  waiting: (told) => {
    const { row } = told
    const at = said(row.nextAttemptAt, told)
    if (isRedriven(row)) return `It was redriven at ${said(row.redrivenAt, told)} and waits for its turn, at ${at}`
    return `It waits for ${row.attempt > 0 ? 'its next attempt' : 'its turn'}, at ${at}`
  },
  parked: (told) => `It is held back until ${said(told.row.nextAttemptAt, told)} at the latest`,
  succeeded: saySuccess,
  failed: ({ row }) => `It failed on attempt ${row.attempt}`,
  skipped: () => 'It was not sent',
  expired: () => 'It was not sent: it was too late when it could be',
  cancelled: () => 'It was cancelled before it was sent',
}

const origins = { schedule: '', manual: 'Run by hand: ', backfill: 'In a backfill: ' } as const

/** One sentence about an execution. */
export function sentenceOf(told: Told): string {
  const { row } = told
  const why = row.reason ? byReason[row.reason](told) : byState[row.state](told)
  return `${origin(origins[row.kind], why)}${moved(told)}${others(told)}.`
}

const origin = (prefix: string, sentence: string): string =>
  prefix + (prefix ? sentence.charAt(0).toLowerCase() + sentence.slice(1) : sentence)

/** What else the same row stands for. */
function others(told: Told): string {
  const { count, scheduledFor, scheduledUntil } = told.row
  if (count === 1 || !scheduledUntil) return ''
  return `; the same goes for all ${count} runs from ${said(scheduledFor, told)} to ${said(scheduledUntil, told)}`
}

/** What a change of clock did to its time. */
function moved({ row, rule, at, zone }: Told): string {
  if (!rule || row.kind === 'manual' || row.count > 1 || row.reason === 'dst_gap') return ''
  const wall = saidWall(at + offsetAt(zone, at))
  switch (rule.line.mark(at)) {
    case 'gap_shifted':
      return `; ${wall} is where it was moved to, out of the time that the clocks skip (dst.gap: ${rule.policies.dst.gap})`
    case 'fold_first':
      return `; of the two ${wall} it is the first`
    case 'fold_second':
      return `; of the two ${wall} it is the second`
    default:
      return ''
  }
}

/** Whether it was redriven, and no attempt of it has begun since. */
const isRedriven = (row: Told['row']): boolean =>
  row.redrivenAt !== null && (row.claimedAt === null || row.claimedAt < row.redrivenAt)

/** ` (overlap: skip)` */
function policyOf({ rule }: Told, name: 'overlap' | 'misfire'): string {
  if (!rule) return ''
  return ` (${name}: ${name === 'overlap' ? rule.policies.overlap : rule.policies.misfire.policy})`
}

/** `a blackout from … to … (tag reports: holidays)` */
export function sayBlackout(blackout: Blackout | null, subject: Pick<Subject, 'zone'>): string {
  if (!blackout) return 'a blackout'
  const { from, to, tag, reason } = blackout
  const of = [tag && `tag ${tag}`, reason].filter(Boolean).join(': ')
  return `a blackout from ${said(from, subject)} to ${said(to, subject)}${of && ` (${of})`}`
}

/** `the run of 02:30 on 8 March 2026 falls into the hour that America/New_York's clocks skip, and …` */
export function sayGap({ at, zone, change, rule }: Pick<Told, 'at' | 'zone' | 'change' | 'rule'>): string {
  const wall = skippedWall(at, zone)
  const length = change ? change.after - change.before : 3_600_000
  const stretch = { 3600000: 'hour', 1800000: 'half hour', 86400000: 'day' }[length] ?? sayDuration(length)
  const run = wall === null ? said(at, { zone }) : saidWall(wall)
  const place = rule?.version.timezone ?? zone
  return `the run of ${run} falls into the ${stretch} that ${place}'s clocks skip, and the job's dst.gap is skip`
}
