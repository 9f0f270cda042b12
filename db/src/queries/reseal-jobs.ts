import type { StoredDelivery } from '@scheduler/core/delivery'
import { isSealedByOlder, type Resealed, reseal } from '@scheduler/core/reseal'
import type { Keys } from '@scheduler/core/seal'
import type { Pool, PoolClient } from '../client.ts'
import { transaction } from '../transaction.ts'

/** What a batch came to. */
export interface ResealedBatch {
  /** The last job looked at; null when there was none left. */
  last: string | null
  jobs: number
  secrets: number
  /** Jobs with a secret that does not open, and the key that it asks for. */
  lost: { jobId: string; kid: string }[]
}

interface Row {
  id: string
  delivery: StoredDelivery | null
}

/**
 * Seals anew what older keys sealed of the next `limit` jobs after one, deleted ones too: the old key can be taken away
 * once nothing asks for it. No version is counted, since a job is what it was. Only jobs that need it are locked.
 */
export async function resealJobs(pool: Pool, keys: Keys, after: string, limit: number): Promise<ResealedBatch> {
  // By all jobs, most of which have none: with a condition on it, one statement might walk the whole table.
  const { rows } = await pool.query<Row>('select id, delivery from jobs where id > $1 order by id limit $2', [
    after,
    limit,
  ])
  const batch: ResealedBatch = { last: rows.at(-1)?.id ?? null, jobs: rows.length, secrets: 0, lost: [] }
  const older = rows.filter(({ delivery }) => isSealedByOlder(keys, delivery)).map(({ id }) => id)
  if (older.length === 0) return batch
  const resealed = await transaction(pool, async (client) => await resealLocked(client, keys, older))
  for (const { id, sealed, lost } of resealed) {
    batch.secrets += sealed
    batch.lost.push(...lost.map((kid) => ({ jobId: id, kid })))
  }
  return batch
}

async function resealLocked(client: PoolClient, keys: Keys, ids: string[]): Promise<({ id: string } & Resealed)[]> {
  const { rows } = await client.query<Row>(
    'select id, delivery from jobs where id = any($1::uuid[]) order by id for no key update',
    [ids],
  )
  const resealed = rows.flatMap(({ id, delivery }) => (delivery ? [{ id, ...reseal(keys, id, delivery) }] : []))
  const changed = resealed.filter(({ sealed }) => sealed > 0)
  await client.query(
    `update jobs j set delivery = r.delivery::jsonb
     from unnest($1::uuid[], $2::text[]) as r(id, delivery) where j.id = r.id`,
    [changed.map(({ id }) => id), changed.map(({ delivery }) => JSON.stringify(delivery))],
  )
  return resealed
}
