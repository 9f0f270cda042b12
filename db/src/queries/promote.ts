import type { Pool, PoolClient } from '../client.ts'
import { notifyDue } from '../notify.ts'
import { transaction } from '../transaction.ts'

/** Jobs that one call looks at, at the most; the next goes on. */
const BATCH = 500

/** In words that only the index of what waits serves: that of all that is unfinished would be read from end to end. */
const UNFINISHED = `coalesce(e.finished_at, 'infinity') = 'infinity'`

/**
 * Executions that wait for those before them, none of which is unfinished any more. A scalar subquery, which the index is
 * probed with: a NOT EXISTS becomes a join, and one that is planned when nothing is unfinished, and run when ten thousand
 * executions were just made to wait, compares each of them with each.
 */
const READY = `e.behind and ${UNFINISHED} and (
  select true from executions l where l.job_id = e.job_id and l.finished_at is null and not l.behind limit 1) is null`

/**
 * Lets the first waiting execution of a job go once those before it are finished. Returns how many.
 *
 * It is called when an execution of the job was settled, and when one was made to wait: of two such transactions that did not
 * see each other, the one that commits later finds the other's work. The job's lock lets one caller at a time go
 * on. Whatever a crash leaves undone is found by the leader, which asks for all jobs and passes over those that are locked.
 *
 * @param jobIds null for all
 */
export async function promote(on: Pool | PoolClient, jobIds: string[] | null): Promise<number> {
  if (jobIds?.length === 0) return 0
  const { rows: ready } = await on.query<{ id: string }>({
    name: jobIds ? 'ready-of-jobs' : 'ready-of-all',
    text: `select distinct e.job_id as id from executions e where ${READY} ${jobIds ? 'and e.job_id = any($2::uuid[])' : ''} limit $1`,
    values: jobIds ? [BATCH, jobIds] : [BATCH],
  })
  if (ready.length === 0) return 0
  return await transaction(on, async (client) => {
    // Who asks for all comes again: it need not wait for a job that somebody holds.
    const { rows: locked } = await client.query<{ id: string }>(
      `select id from jobs where id = any($1::uuid[]) order by id for update ${jobIds ? '' : 'skip locked'}`,
      [ready.map(({ id }) => id)],
    )
    const ids = locked.map(({ id }) => id)
    const { rows } = await client.query<{ at: Date; now: Date }>(
      `with first as (
         select distinct on (e.job_id) e.id, e.scheduled_for from executions e
         where e.job_id = any($1::uuid[]) and ${READY} order by e.job_id, e.scheduled_for, e.id)
       update executions e set behind = false, reason = null, next_attempt_at = greatest(e.effective_at, now())
       from first where e.id = first.id and e.scheduled_for = first.scheduled_for
       returning e.next_attempt_at as at, now() as now`,
      [ids],
    )
    for (const { at, now } of rows.slice(0, 1)) await notifyDue(client, at, now)
    return rows.length
  })
}
