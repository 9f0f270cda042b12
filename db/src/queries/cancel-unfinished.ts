import type { PoolClient } from '../client.ts'
import { notifyCancel } from '../notify.ts'
import { lookUpOneByOne } from './look-up.ts'

/**
 * Cancels the unfinished executions of jobs, `superseded` by a newer one: those that are not in flight at once, the attempts
 * in flight by way of their workers, which are told to break them off. One that its receiver has accepted is not in flight any more.
 *
 * The rows are locked in order of id, as claims and settles lock theirs, so that none of them can block each other.
 */
export async function cancelUnfinished(client: PoolClient, jobIds: string[], now: Date): Promise<void> {
  if (jobIds.length === 0) return
  const { rows: unfinished } = await client.query<{ id: string; scheduled_for: Date }>(
    'select id, scheduled_for from executions where job_id = any($1::uuid[]) and finished_at is null',
    [jobIds],
  )
  if (unfinished.length === 0) return
  await lookUpOneByOne(client)
  unfinished.sort((a, b) => (a.id < b.id ? -1 : 1))
  const keys = [unfinished.map((it) => it.id), unfinished.map((it) => it.scheduled_for)]
  const { rows: locked } = await client.query<{ id: string; scheduled_for: Date; flying: boolean }>(
    `select e.id, e.scheduled_for, e.state = 'running' and e.ack_deadline_at is null as flying from unnest($1::uuid[], $2::timestamptz[]) as i(id, scheduled_for)
     join executions e on e.id = i.id and e.scheduled_for = i.scheduled_for
     where e.finished_at is null and e.cancel_requested_at is null for update of e`,
    keys,
  )
  // Whatever was claimed meanwhile was waited for, and is in flight.
  const [flying, others] = [locked.filter((it) => it.flying), locked.filter((it) => !it.flying)]
  await client.query(
    `update executions e set state = 'cancelled', reason = 'superseded', finished_at = $3, next_attempt_at = null,
       ack_deadline_at = null, behind = false
     from unnest($1::uuid[], $2::timestamptz[]) as i(id, scheduled_for)
     where e.id = i.id and e.scheduled_for = i.scheduled_for`,
    [others.map((it) => it.id), others.map((it) => it.scheduled_for), now],
  )
  await client.query(
    `update executions e set cancel_requested_at = $3 from unnest($1::uuid[], $2::timestamptz[]) as i(id, scheduled_for)
     where e.id = i.id and e.scheduled_for = i.scheduled_for`,
    [flying.map((it) => it.id), flying.map((it) => it.scheduled_for), now],
  )
  for (const { id } of flying) await notifyCancel(client, id)
}
