import type { Pool, PoolClient } from './client.ts'

/**
 * Runs `work` in one transaction on one client; commits when it resolves, rolls back when it throws.
 *
 * A client whose rollback fails is thrown away: its connection is of unknown state.
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
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch((reason: Error) => {
      broken = reason
    })
    throw error
  } finally {
    client.release(broken)
  }
}
