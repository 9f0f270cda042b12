import type { NotifyEvent } from '@scheduler/core/delivery'
import { v7 as uuidv7 } from 'uuid'
import type { Pool } from '../src/client.ts'
import { handleEvents } from '../src/queries/handle-events.ts'
import type { events, notifications } from '../src/schema/index.ts'
import { ago } from './factories.ts'

type NewEvent = typeof events.$inferInsert
type NewNotification = typeof notifications.$inferInsert

/** A failure for good of a second ago, of no job, unless said otherwise. */
export function event(fields: Partial<NewEvent> = {}): NewEvent {
  return { id: uuidv7(), type: 'execution.failed', at: ago(1), data: failure, ...fields }
}

export const failure = {
  kind: 'schedule',
  scheduled_for: '2026-11-24T01:00:00.000Z',
  attempt: 1,
  reason: 'rejected',
  status: 500,
  error: null,
  job_version: 1,
}

/** A notification of an hour ago; due when it has a `nextAttemptAt` of the past. */
export function notification(fields: Partial<NewNotification> = {}): NewNotification {
  const { url = 'http://told.test/hook' } = fields
  const body = JSON.stringify({ type: 'job.failing', timestamp: ago(3_600).toISOString(), data: {} })
  return {
    ...{ id: uuidv7(), type: 'job.failing', url, destination: new URL(url).origin, body, createdAt: ago(3_600) },
    ...fields,
  }
}

/** Deals with all events, as a worker does. */
export async function handleAll(pool: Pool, instanceUrl: string | null = null) {
  const paused: string[] = []
  for (;;) {
    const handled = await handleEvents(pool, { instanceUrl, limit: 100 })
    paused.push(...(handled?.paused ?? []).map(({ jobId }) => jobId))
    if (handled?.events === 0) return { paused }
  }
}

export interface Told {
  type: NotifyEvent
  url: string
  jobId: string | null
  toInstance: boolean
  data: Record<string, unknown>
}

/** The notifications so far, in the order in which they were written. */
export async function told(pool: Pool): Promise<Told[]> {
  const { rows } = await pool.query<Told & { body: string }>(
    `select type, url, job_id as "jobId", to_instance as "toInstance", body from notifications order by id`,
  )
  return rows.map(({ body, ...row }) => ({ ...row, data: JSON.parse(body).data }))
}
