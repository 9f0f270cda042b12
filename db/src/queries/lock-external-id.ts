import { Problem } from '@scheduler/core/problem'
import type { PoolClient } from '../client.ts'
import type { JobRow } from '../schema/jobs.ts'

/** The class of these advisory locks. Locks of two numbers never meet those of one, the leader's and the migration's. */
const EXTERNAL_ID_LOCKS = 0x65787464

/** Jobs that are counted for the answer, at the most. */
const MOST_COUNTED = 1_000

/**
 * Makes other callers with this external_id wait until the transaction ends, and returns the job that has it, locked as
 * well; null when none has, deleted ones aside. Plain creates and edits are not kept from using it meanwhile.
 *
 * @throws Problem `external-id-ambiguous` when several have it
 */
export async function lockExternalId(
  client: PoolClient,
  externalId: string,
): Promise<Pick<JobRow, 'id' | 'type'> | null> {
  await client.query('select pg_advisory_xact_lock($1, hashtext($2))', [EXTERNAL_ID_LOCKS, externalId])
  // With a lock, or the job might be deleted before it is changed. A delete that is waited for takes its job away.
  const { rows } = await client.query<Pick<JobRow, 'id' | 'type'>>(
    'select id, type from jobs where external_id = $1 and deleted_at is null order by id limit 2 for update',
    [externalId],
  )
  if (rows.length > 1) throw await ambiguous(client, externalId)
  return rows[0] ?? null
}

async function ambiguous(client: PoolClient, externalId: string): Promise<Problem> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int as count from (
       select from jobs where external_id = $1 and deleted_at is null limit $2) as counted`,
    [externalId, MOST_COUNTED],
  )
  const count = rows[0]?.count ?? 0
  const listed = `/jobs?external_id=${encodeURIComponent(externalId)}`
  const detail = `${count < MOST_COUNTED ? count : `${MOST_COUNTED} or more`} jobs have the external_id ${JSON.stringify(externalId)}, so it is not clear which one is meant. See GET ${listed}; delete the others, or give them another one.`
  return new Problem('external-id-ambiguous', detail)
}
