// Which occurrences there must have been, and which there may have been.
import type { Due } from '../history.ts'
import { names, sameDue, timesIn } from './due.ts'
import { type JobState, type Life, mayHaveBeen } from './life.ts'

/**
 * The times at which the job was due for certain, before `until`: whatever it may have been then, it was active, and named that
 * time. An edit of something else than the schedule makes nothing uncertain.
 */
export function requiredTimes(life: Life, until: number): number[] {
  return life.stretches.flatMap(({ from, states }, n) => {
    const [first, ...others] = schedules(life, states)
    if (!first || states.some(({ status }) => status !== 'active')) return []
    const end = Math.min(until, life.stretches[n + 1]?.from ?? until)
    return timesIn(first, from, end).filter((at) => others.every((it) => names(it, at)))
  })
}

/** Whether the job may have been so at a time which its schedule may have named then. */
export function mayBeDue(life: Life, at: number, so: (state: JobState) => boolean): boolean {
  return mayHaveBeen(life, at, at, (state) => {
    const due = life.definitions[state.version]?.due
    return due !== undefined && so(state) && names(due, at)
  })
}

/** Each list of times that the job's schedule, as it may have been meanwhile, names from `first` to `last`. */
export function mayHaveNamed(life: Life, first: number, last: number): number[][] {
  const states: JobState[] = []
  mayHaveBeen(life, first, last, (it) => {
    states.push(it)
    return false
  })
  return schedules(life, states).map((due) => timesIn(due, first - 1, last))
}

/** The different schedules of these states. */
function schedules({ definitions }: Life, states: JobState[]): Due[] {
  const all = states.flatMap(({ version }) => definitions[version]?.due ?? [])
  return all.filter((due, n) => all.findIndex((it) => sameDue(it, due)) === n)
}
