import type { Pool, PoolClient } from '../client.ts'
import { createDb } from '../client.ts'
import type { ExecutionRow } from '../schema/executions.ts'
import type { JobRow } from '../schema/jobs.ts'
import { transaction } from '../transaction.ts'
import { getJob } from './jobs.ts'

/** What a write would come to. */
export interface Rehearsed {
  /** Null when the job would be made. */
  before: JobRow | null
  /** As it would be stored; one that would be deleted has its `deletedAt`. */
  after: JobRow
  now: Date
  /** The executions that it would add and that are to be sent, by their occurrence. */
  sends: Pick<ExecutionRow, 'scheduledFor' | 'effectiveAt'>[]
}

class Done extends Error {}

/**
 * Carries out a write in a transaction that is then rolled back: what it refuses is refused, what it would do is known, and
 * nothing of it is ever to be seen, not even a notification.
 *
 * @param write must write on the client that it is given
 */
export async function tryOut<T>(pool: Pool, write: (client: PoolClient) => Promise<T>): Promise<T> {
  let result: { of: T } | undefined
  try {
    await transaction(pool, async (client) => {
      result = { of: await write(client) }
      throw new Done()
    })
  } catch (error) {
    if (!(error instanceof Done)) throw error
  }
  if (!result) throw new Error('a rehearsal came to nothing')
  return result.of
}

/**
 * Tries a write of one job out, and says what it would come to.
 *
 * @param write as of `tryOut`; says the job's id, and the job and the time of before
 */
export async function rehearse(
  pool: Pool,
  write: (client: PoolClient) => Promise<{ id: string } & Pick<Rehearsed, 'before' | 'now'>>,
): Promise<Rehearsed> {
  return await tryOut(pool, async (client) => {
    const { id, before, now } = await write(client)
    const after = await getJob(createDb(client), id, { deleted: true })
    return { before, after, now, sends: await addedBy(client, id, now) }
  })
}

/** What this transaction has inserted for a job, not what it only moved to another destination: that was there before. */
async function addedBy(client: PoolClient, jobId: string, now: Date): Promise<Rehearsed['sends']> {
  const { rows } = await client.query<Rehearsed['sends'][number]>(
    `select scheduled_for as "scheduledFor", effective_at as "effectiveAt" from executions
     where job_id = $1 and finished_at is null and created_at >= $2 and xmin = pg_current_xact_id()::xid
     order by scheduled_for`,
    [jobId, now],
  )
  return rows
}
