// What a job may have been at any moment, as far as its clients can know. A change takes effect at some moment between its
// first request and its answer; until then it is the one or the other.
import type { Change, Definition, JobHistory } from '../history.ts'

export interface JobState {
  status: 'absent' | 'active' | 'paused' | 'deleted'
  /** Which of the job's definitions it has; -1 for none yet. */
  version: number
  /** The change that paused it, by its place among all. */
  pausedBy: number | null
}

export interface Life {
  job: JobHistory
  definitions: Definition[]
  /** In order; each lasts until the next one begins. */
  stretches: Stretch[]
}

export interface Stretch {
  from: number
  /** All that it may have been. */
  states: JobState[]
}

/** How exactly the times of different processes of one machine can be compared, ms: some are cut to whole ones. */
export const CLOCK_MS = 2

export function lifeOf(job: JobHistory): Life {
  const definitions: Definition[] = []
  let states: JobState[] = [{ status: 'absent', version: -1, pausedBy: null }]
  const stretches: Stretch[] = [{ from: -Infinity, states }]
  job.changes.forEach((change, index) => {
    if (change.kind === 'run') return
    if (change.definition) definitions.push(change.definition)
    const { sentAt, answeredAt } = change
    const from = sentAt - CLOCK_MS
    const blurred = stretches.at(-1)?.from ?? from
    // Asked for at once after the answer to the one before: which of the two came first is not that certain.
    if (blurred >= from && stretches.length > 1) stretches.pop()
    const until = blurred >= from ? (stretches.at(-1)?.states ?? []) : []
    const known = answeredAt === null ? states : states.filter((it) => isPossible(change, it))
    const after = known.map((it) => changed(it, change, index, definitions.length - 1))
    const either = distinct([...until, ...states, ...after])
    stretches.push({ from: Math.max(from, stretches.at(-1)?.from ?? from), states: either })
    states = answeredAt === null ? either : distinct(after)
    if (answeredAt !== null) stretches.push({ from: answeredAt + CLOCK_MS, states })
  })
  return { job, definitions, stretches }
}

/** Whether a change can have succeeded on a job that was so. */
function isPossible({ kind }: Change, { status }: JobState): boolean {
  if (kind === 'create') return true
  return status !== 'absent' && (status !== 'deleted' || kind === 'delete')
}

function changed(state: JobState, { kind }: Change, index: number, version: number): JobState {
  const { status } = state
  if (kind === 'create') return status === 'absent' ? { status: 'active', version, pausedBy: null } : state
  if (status === 'absent' || status === 'deleted') return state
  if (kind === 'edit') return { ...state, version }
  if (kind === 'pause' && status === 'active') return { ...state, status: 'paused', pausedBy: index }
  if (kind === 'resume' && status === 'paused') return { ...state, status: 'active', pausedBy: null }
  if (kind === 'delete') return { ...state, status: 'deleted' }
  return state
}

function distinct(states: JobState[]): JobState[] {
  return [...new Map(states.map((it) => [`${it.status} ${it.version} ${it.pausedBy}`, it])).values()]
}

/** All that the job may have been at that moment. */
export function statesAt({ stretches }: Life, at: number): JobState[] {
  return stretches.findLast((it) => it.from < at)?.states ?? []
}

/** Whether the job may have been so at some moment from `from` to `to`. */
export function mayHaveBeen(life: Life, from: number, to: number, so: (state: JobState) => boolean): boolean {
  return life.stretches.some((it, n) => {
    const end = life.stretches[n + 1]?.from ?? Infinity
    return it.from <= to && end >= from && it.states.some(so)
  })
}

/** Since when the job has been so for certain, and still is at that moment; null where it need not be so. */
export function certainlySince(life: Life, at: number, so: (state: JobState) => boolean): number | null {
  let n = life.stretches.findLastIndex((it) => it.from < at)
  if (!life.stretches[n]?.states.every(so)) return null
  while (n > 0 && life.stretches[n - 1]?.states.every(so)) n -= 1
  return (life.stretches[n]?.from ?? -Infinity) - CLOCK_MS
}
