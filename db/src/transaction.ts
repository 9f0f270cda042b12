import type { Pool, PoolClient } from './client.ts'
import { isReadOnly, ofCommit } from './database-away.ts'

/**
 * Runs `work` in one transaction on one client; commits when it resolves, rolls back when it throws.
 *
 * A client whose rollback fails is thrown away: its connection is of unknown state. So is one whose server only reads: after
 * a failover that is a replica, reached by a stale name, and the next connection may find the primary.
 *
 * @param on a pool; or a client that is in a transaction, of which `work` then becomes a part
 * @param begin what it begins with
 */
export async function transaction<T>(
  on: Pool | PoolClient,
  work: (client: PoolClient) => Promise<T>,
  begin = 'begin',
): Promise<T> {
  if ('release' in on) return await work(on)
  const client = await on.connect()
  let broken: Error | undefined
  try {
    // The first statement of the work goes with it: were this one refused, so would be that.
    const begun = client.query(begin)
    begun.catch(() => {})
    const result = await work(client)
    await begun
    await client.query('commit').catch((reason: Error) => {
      throw ofCommit(reason)
    })
    return result
  } catch (error) {
    await client.query('rollback').catch((reason: Error) => {
      broken = reason
    })
    if (isReadOnly(error)) broken ??= error as Error
    throw error
  } finally {
    client.release(broken)
  }
}
