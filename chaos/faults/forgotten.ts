// What a database that was restored from a backup may have forgotten, and no more than that.
import type { Arrival, History, JobHistory } from '../history.ts'

/** What was committed from then on, ms since 1970, until all was stopped is not in the backup. */
export interface Forgotten {
  from: number
  to: number
  /** Ids of the jobs that are in it. */
  kept: ReadonlySet<string>
  /** Its executions, by id. */
  executions: ReadonlyMap<string, Known>
}

interface Known {
  /** How many of its attempts had begun. */
  attempt: number
  isFinished: boolean
}

/**
 * The run as it was but for what was forgotten, for a checker that knows nothing of it:
 *
 * - A job whose create was not answered before `from` may be gone, and what was sent for it with it. One that was answered
 *   before is looked for by the checker.
 * - A callback of the stretch of which the backup has nothing was written down after it: its execution, or at least its attempt.
 *   It counts as not sent. The occurrence is due again, and the checker wants it sent, or accounted for, once more.
 *
 * What had begun before stays: its second request is a repetition, and needs a reason. That it was in flight in the backup is
 * one.
 */
export function withoutForgotten(history: History, forgotten: Forgotten): History {
  const { from, to, executions } = forgotten
  const jobs = history.jobs.filter((job) => !isForgotten(job, forgotten))
  const arrivals = history.arrivals.filter((it) => !wasForgotten(it, forgotten))
  const inFlight = [...executions.values()].filter(({ attempt, isFinished }) => attempt > 0 && !isFinished).length
  const fault = { kind: 'forgotten', from, to, pids: null, mayRepeat: true, inFlight }
  return { ...history, jobs, arrivals, faults: [...history.faults, fault] }
}

/** What became of the callbacks that were forgotten. */
export interface SentAgain {
  forgotten: number
  /** Of those, how many were sent again as what they were, and how many of their occurrences under another id. */
  asTheSame: number
  asOthers: number
}

export function countSentAgain({ arrivals }: History, forgotten: Forgotten): SentAgain {
  const later = arrivals.filter((it) => it.at > forgotten.to)
  const [occurrences, ids] = [Map.groupBy(later, occurrenceOf), new Set(later.map((it) => it.id))]
  const gone = arrivals.filter((it) => wasForgotten(it, forgotten))
  return {
    forgotten: gone.length,
    asTheSame: gone.filter((it) => ids.has(it.id)).length,
    asOthers: gone.filter((it) => occurrences.get(occurrenceOf(it))?.some(({ id }) => id !== it.id)).length,
  }
}

function isForgotten({ id, changes }: JobHistory, { from, to, kept }: Forgotten): boolean {
  const [create] = changes
  if (!create || kept.has(id)) return false
  // One that was asked for again, and answered by what had been restored, is there.
  return create.answeredAt === null ? create.sentAt <= to : create.answeredAt >= from && create.answeredAt <= to
}

function wasForgotten({ id, at, attempt }: Arrival, { from, to, executions }: Forgotten): boolean {
  return at >= from && at <= to && attempt > (executions.get(id)?.attempt ?? 0)
}

const occurrenceOf = (it: Arrival) => `${it.job} ${it.scheduledFor}`
