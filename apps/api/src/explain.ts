import { callbackParts } from '@scheduler/core/callback-url'
import { clockChange, formatNominal } from '@scheduler/core/clock-change'
import { readStored } from '@scheduler/core/datetime'
import { describeSchedule } from '@scheduler/core/describe'
import { formatInZone } from '@scheduler/core/timezone'
import type { FullExecution } from '@scheduler/db/queries/executions'
import {
  isEditedSince,
  limitsOn,
  pauseAround,
  prunedBefore,
  sentAfter,
  tagBlackoutAt,
  unfinishedBefore,
} from '@scheduler/db/queries/explain'
import { readCircuit } from '@scheduler/db/queries/list-circuits'
import type { z } from 'zod'
import { explainAbsence } from './explain-absence.ts'
import type { ExplanationAnswer } from './explain-answer.ts'
import { saidWall } from './explain-said.ts'
import { sentenceOf } from './explain-sentence.ts'
import type { Blackout, Evidence, Subject, Told } from './explain-subject.ts'
import { toCircuit, toExecution, toSchedule } from './resources.ts'
import type { Deps } from './route.ts'

type Explanation = z.infer<typeof ExplanationAnswer>

/** What became of an occurrence, or will, in one sentence and with the facts that it rests on. */
export async function explain(subject: Subject, deps: Deps): Promise<Explanation> {
  const evidence = await evidenceOf(subject, deps)
  const facts = factsOf(subject, evidence)
  const { row } = subject
  if (!row) return { ...explainAbsence(subject, evidence), facts }
  const told: Told = { ...subject, ...evidence, row }
  return { sentence: sentenceOf(told), outcome: row.state, reason: row.reason, facts }
}

async function evidenceOf(subject: Subject, { pool, settings }: Deps): Promise<Evidence> {
  const { row, rule, at } = subject
  const waits = row?.reason === 'overlap_skipped' || row?.reason === 'overlap_queued'
  const since = row?.reason === 'coalesced' ? row.createdAt : row?.reason === 'superseded' ? row.finishedAt : null
  const destination = row?.destination ?? (rule && callbackParts(rule.version.callbackUrl).destination)
  return {
    blocker: row && waits ? await unfinishedBefore(pool, row) : null,
    instead: row && since ? await sentAfter(pool, { ...row, scheduledFor: new Date(at) }, since) : null,
    pause: await pauseOf(subject, pool),
    blackout: await blackoutOf(subject, pool),
    prunedBefore: row ? null : await prunedBefore(pool, subject.job.id),
    circuit: destination ? await readCircuit(pool, destination) : null,
    change: clockChange(subject.zone, at),
    limits: row && isLimited(row) ? await limitsOn(pool, row.destination, row.flowKey) : [],
    isEdited: await isEditedAfter(subject, pool),
    canTell: settings.publicUrl !== null && settings.receiverKeys.length > 0,
  }
}

const isLimited = ({ reason }: FullExecution): boolean => reason === 'destination_limited' || reason === 'key_limited'

/** Of an execution that was attempted: whether its job may have been edited since. */
async function isEditedAfter({ row, job }: Subject, pool: Deps['pool']): Promise<boolean> {
  const last = row?.attempts.at(-1)
  if (!last || last.jobVersion >= job.version) return false
  return await isEditedSince(pool, job.id, last.jobVersion)
}

/** The pause for which an execution was not sent. */
async function pauseOf({ row, job }: Subject, pool: Deps['pool']): Promise<Evidence['pause']> {
  if (row?.reason !== 'paused') return null
  // What a pause left out is recorded when it ends, what was pending is cancelled when it begins.
  const within = row.state === 'cancelled' ? row.finishedAt : new Date(row.createdAt.getTime() - 1)
  if (!within) return null
  const present = job.status === 'paused' ? job.pausedAt : null
  if (present && present <= within) return { from: present, to: null, reason: job.statusReason }
  return await pauseAround(pool, job.id, within)
}

async function blackoutOf({ rule, at }: Subject, pool: Deps['pool']): Promise<Blackout | null> {
  if (!rule) return null
  const own = rule.version.policies.blackouts?.map(({ from, to }) => ({
    from: readStored(from).instant,
    to: readStored(to).instant,
    tag: null,
    reason: null,
  }))
  const found = own?.find(({ from, to }) => from <= at && at < to)
  if (found) return found
  const tagged = await tagBlackoutAt(pool, rule.version.tags, new Date(at))
  return tagged && { ...tagged, from: tagged.fromAt.getTime(), to: tagged.toAt.getTime() }
}

function factsOf(subject: Subject, { blackout, circuit }: Evidence): Explanation['facts'] {
  const { row, rule, at, zone, matched, job } = subject
  const show = (instant: number | null | undefined) => (instant == null ? null : formatInZone(instant, zone))
  const isGap = rule !== null && rule.line.all.atOrBefore(at) !== at && rule.line.gapsIn(at - 1, at).length > 0
  return {
    rule: rule && describeSchedule(rule.version.schedule, rule.version.timezone, rule.policies, at),
    schedule: rule && toSchedule(rule.version.schedule, (text) => text),
    job_version: row?.jobVersion ?? rule?.version.version ?? null,
    timezone: rule?.version.timezone ?? job.timezone,
    policies: policiesOf(subject, blackout),
    matched,
    nominal: matched && formatNominal(at, isGap ? 'gap_skipped' : null, zone),
    effective: row
      ? show(row.count === 1 ? row.effectiveAt.getTime() : at)
      : matched && rule
        ? show(effectiveOf())
        : null,
    previous: show(rule?.line.all.atOrBefore(at - 1)),
    next: show(rule?.line.all.after(at)),
    execution: row && toExecution(row, rule?.version.timezone ?? job.timezone),
    attempts: row?.attempt ?? 0,
    worker: row?.claimedBy ?? null,
    circuit: circuit && toCircuit(circuit),
    dst: changeOf(subject, isGap),
  }

  function effectiveOf(): number {
    return isGap || blackout ? at : (rule?.line.at(at).effective ?? at)
  }
}

function policiesOf({ rule, zone }: Subject, blackout: Blackout | null): Explanation['facts']['policies'] {
  if (!rule) return null
  const { overlap, misfire, dst, jitterSeconds, maxRuns } = rule.policies
  return {
    overlap,
    misfire: { policy: misfire.policy, grace_seconds: misfire.graceSeconds, max: misfire.max },
    dst,
    jitter: jitterSeconds,
    max_runs: maxRuns,
    blackout: blackout && {
      from: formatInZone(blackout.from, zone),
      to: formatInZone(blackout.to, zone),
      tag: blackout.tag,
      reason: blackout.reason,
    },
  }
}

/** What the clocks did that night. */
function changeOf({ at, zone, rule, matched }: Subject, isGap: boolean): Explanation['facts']['dst'] {
  const change = clockChange(zone, at)
  if (!change) return null
  const { before, after } = change
  const [from, to] = [change.at + Math.min(before, after), change.at + Math.max(before, after)]
  return {
    at: formatInZone(change.at, zone),
    before: formatInZone(change.at - 1, zone).slice(-6),
    after: formatInZone(change.at, zone).slice(-6),
    what: `The clocks ${after > before ? 'skip' : 'repeat'} ${saidWall(from)} to ${saidWall(to)}.`,
    mark: isGap ? 'gap_skipped' : matched && rule ? rule.line.mark(at) : null,
  }
}
