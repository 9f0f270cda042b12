import { finalStates } from '@scheduler/core/execution'
import type { Every, IntervalSchedule } from '@scheduler/core/schedule'
import { v7 as uuidv7 } from 'uuid'
import type { executions } from '../src/schema/executions.ts'
import type { jobs } from '../src/schema/jobs.ts'

type NewJob = typeof jobs.$inferInsert
type NewExecution = typeof executions.$inferInsert

const DESTINATION = 'http://receiver.test'

let reading: number | undefined

/** One reading of the clock for all that is written without an await between: two calls in one row must agree. */
function thisTurn() {
  if (reading === undefined) {
    reading = Date.now()
    queueMicrotask(() => {
      reading = undefined
    })
  }
  return reading
}

/** So many seconds before now; the tests' server runs on this machine's clock. */
export const ago = (seconds: number) => new Date(thisTurn() - seconds * 1_000)

export const ahead = (seconds: number) => ago(-seconds)

/** A schedule with an occurrence at `anchor` and then again and again. */
export function repeating(every: Every, anchor: Date): IntervalSchedule {
  return { type: 'interval', every, anchor: anchor.toISOString().replace('Z', '+00:00'), anchorGiven: true }
}

export const onceAt = (at: Date) => ({ type: 'once', at: at.toISOString().replace('Z', '+00:00') }) as const

/** A job of every hour that is due since a second; or, with `nextRunAt`, from then on. */
export function job(fields: Partial<NewJob> = {}): NewJob {
  const { status = 'active', deletedAt = null, schedule } = fields
  const dueAt = fields.nextRunAt ?? ago(1)
  const next = status === 'active' && !deletedAt ? dueAt : null
  return {
    id: uuidv7(),
    type: schedule?.type ?? 'interval',
    status,
    nextRunAt: next,
    nextScheduledFor: next,
    cursorAt: new Date(dueAt.getTime() - 1),
    createdAt: ago(7_200),
    updatedAt: ago(7_200),
    pausedAt: status === 'paused' ? ago(60) : null,
    completedAt: status === 'completed' ? ago(60) : null,
    callbackUrl: `${DESTINATION}/callback`,
    destination: DESTINATION,
    callbackHost: 'receiver.test',
    timezone: 'UTC',
    schedule: repeating({ hours: 1 }, dueAt),
    policies: {},
    payload: '{}',
    ...fields,
  }
}

/** A queued execution of an occurrence of a second ago; in another state with what that state requires. */
export function execution(fields: Partial<NewExecution> = {}): NewExecution {
  const { state = 'queued', scheduledFor = ago(1) } = fields
  return {
    id: uuidv7(),
    jobId: uuidv7(),
    jobVersion: 1,
    kind: 'schedule',
    state,
    attempt: ['running', 'waiting', 'succeeded', 'failed'].includes(state) ? 1 : 0,
    scheduledFor,
    effectiveAt: scheduledFor,
    createdAt: scheduledFor,
    nextAttemptAt: state === 'waiting' || state === 'parked' ? ago(1) : null,
    finishedAt: (finalStates as readonly string[]).includes(state) ? scheduledFor : null,
    destination: DESTINATION,
    ...fields,
  }
}
