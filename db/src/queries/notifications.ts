import type { NotifyEvent } from '@scheduler/core/delivery'
import { bodyOf, type Notice, type Recipient } from '@scheduler/core/notice'
import { and, eq, isNotNull, lt, type SQL, sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { readByIndex } from '../by-index.ts'
import { createDb, type Db, type Pool, type PoolClient } from '../client.ts'
import { type NotificationRow, notifications } from '../schema/notifications.ts'
import { only, type Page, type Paging, pageOfFew, walk } from './walk.ts'

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

/** A page of notifications, newest first; those after the notification `after` of the same order. */
export async function listNotifications(
  pool: Pool,
  filters: NotificationFilters,
  { limit, after }: Paging,
): Promise<Page<NotificationRow>> {
  const meant = areMeant(filters)
  const way = { ...wayTo(filters, after), meant, limit }
  return await readByIndex(pool, async (client) => {
    const db = createDb(client)
    const isPending = filters.state === 'pending' && !filters.jobId
    const few = isPending ? await pageOfPending(db, meant, { limit, after }) : null
    return few ?? (await walk(db, notifications, way))
  })
}

/** The index of what is pending has another order: it serves where that is no more than a walk reads. */
async function pageOfPending(db: Db, meant: SQL | undefined, { limit, after }: Paging) {
  const { id, nextAttemptAt } = notifications
  const isAfter = after ? lt(id, after) : undefined
  return await pageOfFew(db, notifications, {
    ...{ from: isNotNull(nextAttemptAt), meant: and(meant, isAfter), keys: ['id'], limit },
  })
}

/** The index that a walk goes by. */
function wayTo({ jobId, type, state }: NotificationFilters, after: string | null) {
  if (jobId) return wayBy('jobId', jobId, after)
  const { id, failedAt } = notifications
  const position = after ? lt(id, after) : undefined
  if (state === 'failed') return { within: and(isNotNull(failedAt), position), keys: ['id'] as const }
  return type ? wayBy('type', type, after) : { within: position, keys: ['id'] as const }
}

function wayBy(key: 'jobId' | 'type', value: string, after: string | null) {
  const column = notifications[key]
  const position = after ? sql`(${column}, ${notifications.id}) < (${value}, ${after})` : undefined
  return { within: and(only(column, value), position), keys: [key, 'id'] as const }
}

function areMeant({ jobId, type, state }: NotificationFilters): SQL | undefined {
  return and(
    jobId ? eq(notifications.jobId, jobId) : undefined,
    type && eq(notifications.type, type),
    state && isNotNull(setIn[state]),
  )
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
