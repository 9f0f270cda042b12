import { notifyEvents } from '@scheduler/core/delivery'
import { formatInZone, parseZone } from '@scheduler/core/timezone'
import { notificationStates } from '@scheduler/db/queries/notifications'
import type { NotificationRow } from '@scheduler/db/schema/notifications'
import { z } from 'zod'

export const NotificationAnswer = z
  .strictObject({
    notification_id: z.uuid().meta({ description: 'The `webhook-id` of every attempt.' }),
    type: z.enum(notifyEvents),
    job_id: z.uuid().nullable().meta({
      description: 'The job it is about; of a circuit’s, the job at whose URL it arrives, null at the instance’s.',
    }),
    to: z.enum(['job', 'instance']).meta({ description: 'Whose URL it goes to, and whose secrets sign it.' }),
    destination: z.string().meta({ description: 'Origin of that URL; the rest of it may be a secret.' }),
    body: z
      .looseObject({ type: z.string(), timestamp: z.string(), data: z.record(z.string(), z.unknown()) })
      .meta({ description: 'As it is sent.' }),
    state: z.enum(notificationStates),
    attempt: z.int().meta({ description: 'Attempts begun so far.' }),
    status: z.int().nullable().meta({ description: 'HTTP status of the latest attempt; null when no answer came.' }),
    error: z.string().nullable(),
    created_at: z.string(),
    next_attempt_at: z.string().nullable(),
    delivered_at: z.string().nullable(),
    failed_at: z.string().nullable().meta({ description: 'When it was given up.' }),
  })
  .meta({ id: 'Notification' })

/** @param timezone the zone that times are shown in */
export function toNotification(row: NotificationRow, timezone: string): z.infer<typeof NotificationAnswer> {
  const zone = parseZone(timezone) ?? 'UTC'
  const show = (at: Date | null) => at && formatInZone(at.getTime(), zone)
  return {
    notification_id: row.id,
    type: row.type,
    job_id: row.jobId,
    to: row.toInstance ? 'instance' : 'job',
    destination: row.destination,
    body: JSON.parse(row.body),
    state: row.deliveredAt ? 'delivered' : row.failedAt ? 'failed' : 'pending',
    attempt: row.attempt,
    status: row.status,
    error: row.error,
    created_at: show(row.createdAt) ?? '',
    next_attempt_at: show(row.nextAttemptAt),
    delivered_at: show(row.deliveredAt),
    failed_at: show(row.failedAt),
  }
}

export const notification: z.infer<typeof NotificationAnswer> = {
  notification_id: '0199b1f7-2e11-7b20-9c4d-6f5f3a2b9d5e',
  type: 'job.failing',
  job_id: '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d',
  to: 'job',
  destination: 'https://example.com',
  body: {
    type: 'job.failing',
    timestamp: '2026-11-24T01:00:03.061Z',
    data: {
      job_id: '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d',
      name: 'daily report',
      tags: ['reports'],
      external_id: null,
      execution_id: '0199b1f5-0c11-7a20-9e1f-2d3c4b5a6978',
      kind: 'schedule',
      scheduled_for: '2026-11-24T01:00:00.000Z',
      attempt: 4,
      reason: 'rejected',
      status: 500,
      error: null,
      job_version: 1,
    },
  },
  state: 'delivered',
  attempt: 1,
  status: 204,
  error: null,
  created_at: '2026-11-24T01:00:03.070Z',
  next_attempt_at: null,
  delivered_at: '2026-11-24T01:00:03.120Z',
  failed_at: null,
}
