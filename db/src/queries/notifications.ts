import type { NotifyEvent } from '@scheduler/core/delivery'
import { bodyOf, type Notice, type Recipient } from '@scheduler/core/notice'
import { and, desc, eq, isNotNull, lt, type SQL } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Db, Pool, PoolClient } from '../client.ts'
import { type NotificationRow, notifications } from '../schema/notifications.ts'

/** A notice for one recipient. */
export interface NewNotification extends Notice, Recipient {}

/** Writes notifications, due at once. Returns how many. */
export async function insertNotifications(client: PoolClient, all: NewNotification[]): Promise<number> {
  if (all.length === 0) return 0
  await client.query({
    name: 'insert-notifications',
    text: `
      insert into notifications (id, type, job_id, to_instance, url, destination, body, created_at, next_attempt_at)
      -- Cut off, not rounded up: what is due at once must not be due half a millisecond later.
      select n.*, now(), date_trunc('milliseconds', now()) from unnest($1::uuid[], $2::text[], $3::uuid[], $4::boolean[], $5::text[], $6::text[],
        $7::text[]) as n`,
    values: [
      all.map(() => uuidv7()),
      all.map((it) => it.type),
      all.map((it) => it.jobId),
      all.map((it) => it.toInstance),
      all.map((it) => it.url),
      all.map((it) => URL.parse(it.url)?.origin ?? ''),
      all.map(bodyOf),
    ],
  })
  return all.length
}

export const notificationStates = ['pending', 'delivered', 'failed'] as const
export type NotificationState = (typeof notificationStates)[number]

export interface NotificationFilters {
  jobId?: string | undefined
  type?: NotifyEvent | undefined
  state?: NotificationState | undefined
}

/** The column that is set in a state, and only in it. */
const setIn = {
  pending: notifications.nextAttemptAt,
  delivered: notifications.deliveredAt,
  failed: notifications.failedAt,
} as const satisfies Record<NotificationState, unknown>

/** Up to `limit` notifications, newest first; those after the notification `after` of the same order. */
export async function listNotifications(
  db: Db,
  { jobId, type, state }: NotificationFilters,
  { limit, after }: { limit: number; after: string | null },
): Promise<NotificationRow[]> {
  const where: SQL[] = []
  if (jobId) where.push(eq(notifications.jobId, jobId))
  if (type) where.push(eq(notifications.type, type))
  if (state) where.push(isNotNull(setIn[state]))
  if (after) where.push(lt(notifications.id, after))
  return await db
    .select()
    .from(notifications)
    .where(and(...where))
    .orderBy(desc(notifications.id))
    .limit(limit)
}

/** Deletes up to `limit` notifications that are older than `days`. Returns how many. */
export async function pruneNotifications(pool: Pool, days: number, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from notifications where id in (
       select id from notifications where created_at < now() - make_interval(days => $1) order by created_at limit $2)`,
    [days, limit],
  )
  return rowCount ?? 0
}
