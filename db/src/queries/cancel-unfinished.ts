import type { PoolClient } from '../client.ts'
import { notifyCancel } from '../notify.ts'

/**
 * Cancels the unfinished executions of jobs, `superseded` by a newer one: those that are not in flight at once, the attempts
 * in flight by way of their workers, which are told to break them off.
 *
 * Two statements, so that an execution that is being claimed meanwhile is found in flight by the second.
 */
export async function cancelUnfinished(client: PoolClient, jobIds: string[], now: Date): Promise<void> {
  if (jobIds.length === 0) return
  await client.query(
    `update executions set state = 'cancelled', reason = 'superseded', finished_at = $2, next_attempt_at = null,
       behind = false
     where job_id = any($1::uuid[]) and finished_at is null and state in ('queued', 'waiting', 'parked')`,
    [jobIds, now],
  )
  const { rows } = await client.query<{ id: string }>(
    `update executions set cancel_requested_at = $2
     where job_id = any($1::uuid[]) and finished_at is null and state = 'running' and cancel_requested_at is null
     returning id`,
    [jobIds, now],
  )
  for (const { id } of rows) await notifyCancel(client, id)
}
