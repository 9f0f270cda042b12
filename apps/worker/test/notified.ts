import { createHmac } from 'node:crypto'
import type { Pool } from '@scheduler/db/client'
import { createDb } from '@scheduler/db/client'
import { jobs } from '@scheduler/db/schema/index'
import { ago, job, repeating } from '@scheduler/db/test/factories'
import type { Arrival } from './receiver.ts'

/** What a notification says: its type, and its data. */
export const saidBy = ({ body }: Arrival): { type: string; data: Record<string, unknown> } => JSON.parse(String(body))

/** The types of notifications, in the order in which they came. */
export const typesOf = (arrivals: Arrival[]): string[] => arrivals.map((it) => saidBy(it).type)

/** Whether a request was signed with a secret, by the words of Standard Webhooks. */
export function isSignedWith(secret: string, { headers, body }: Arrival): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const expected = `v1,${createHmac('sha256', key).update(content).digest('base64')}`
  return String(headers['webhook-signature']).split(' ').includes(expected)
}

/** A job of every hour that calls `url` and is due now; its failures are final. */
export async function insertRepeating(
  pool: Pool,
  url: string,
  fields: Omit<NonNullable<Parameters<typeof job>[0]>, 'delivery'> & { delivery?: object } = {},
): Promise<string> {
  const { origin: destination, hostname: callbackHost } = new URL(url)
  const nextRunAt = ago(1)
  const row = job({
    ...{ nextRunAt, schedule: repeating({ hours: 1 }, nextRunAt), callbackUrl: url, destination, callbackHost },
    ...fields,
    delivery: { retry: { limit: 0 }, ...fields.delivery },
  })
  await createDb(pool).insert(jobs).values(row)
  return row.id as string
}

export interface NotificationNow {
  id: string
  type: string
  attempt: number
  status: number | null
  error: string | null
  state: 'pending' | 'delivered' | 'failed'
  dueInMs: number | null
}

export async function notificationsNow(pool: Pool): Promise<NotificationNow[]> {
  const { rows } = await pool.query<NotificationNow>(
    `select id, type, attempt, status, error,
       case when delivered_at is not null then 'delivered' when failed_at is not null then 'failed' else 'pending' end as state,
       extract(epoch from next_attempt_at - now())::float8 * 1000 as "dueInMs"
     from notifications order by id`,
  )
  return rows
}
