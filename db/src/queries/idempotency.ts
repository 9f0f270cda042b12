import type { Pool, PoolClient } from '../client.ts'

/** How long an answer is kept, hours. */
const KEPT_HOURS = 24

/** An answer as it went out. */
export interface StoredAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** What a key was used for. */
export interface UsedKey extends StoredAnswer {
  fingerprint: string
}

/**
 * Takes a key for this transaction, and returns null; or what the key was used for, where it was. A transaction that
 * has it and is not over is waited for: the key is free again when that one is rolled back. One that has expired is
 * free, even before it is pruned.
 */
export async function takeKey(client: PoolClient, key: string, fingerprint: string): Promise<UsedKey | null> {
  const { rowCount } = await client.query({
    name: 'take-key',
    text: `
      insert into idempotency_keys as k (key, fingerprint, created_at, status, headers, body)
      values ($1, $2, now(), 0, '{}', '')
      on conflict (key) do update
        set fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = 0, headers = '{}', body = ''
        where k.created_at < now() - make_interval(hours => $3)`,
    values: [key, fingerprint, KEPT_HOURS],
  })
  if (rowCount === 1) return null
  // A refused update has locked the row all the same: it cannot be pruned in between.
  const { rows } = await client.query<UsedKey>({
    name: 'used-key',
    text: 'select fingerprint, status, headers, body from idempotency_keys where key = $1',
    values: [key],
  })
  return rows[0] ?? null
}

/** Stores the answer of the transaction that took the key. */
export async function storeAnswer(client: PoolClient, key: string, answer: StoredAnswer): Promise<void> {
  await client.query({
    name: 'store-answer',
    text: 'update idempotency_keys set status = $2, headers = $3, body = $4 where key = $1',
    values: [key, answer.status, JSON.stringify(answer.headers), answer.body],
  })
}

/** Deletes up to `limit` keys that have expired; returns how many. */
export async function pruneKeys(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from idempotency_keys where key in (
       select key from idempotency_keys where created_at < now() - make_interval(hours => $1)
       limit $2 for update skip locked)`,
    [KEPT_HOURS, limit],
  )
  return rowCount ?? 0
}
