import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Pool } from './pool.ts'

/** Says nothing but that notifications arrive; the payload tells one probe from another. */
const PROBE_CHANNEL = 'scheduler_probe'

/** What to do where a session was needed and there is none. */
export const NO_SESSION =
  'What others notify does not reach this connection: a pooler seems to lend it for a transaction at a time. ' +
  'Set DATABASE_DIRECT_URL to the same database without the pooler, or to a pool in session mode.'

/** A statement that needs a session was not tried, since nobody could have ended what it begins. */
export class NoSession extends Error {
  override name = 'NoSession'
  constructor() {
    super(NO_SESSION)
  }
}

/**
 * Whether `client` has a session of its own: whether it hears what another connection notifies.
 *
 * Through a pooler in transaction mode it does not, and it says so nowhere: LISTEN, a session's lock and SET all succeed,
 * on a connection that serves somebody else the next moment. Nor does it hear when `other` is of another database. The
 * client must do nothing else meanwhile: while it holds a connection for a statement it may hear by chance.
 *
 * @throws when the database is away, which says nothing about the session.
 */
export async function hasSession(client: pg.ClientBase, other: Pool, waitMs = 4_000): Promise<boolean> {
  const token = randomUUID()
  await client.query(`listen ${PROBE_CHANNEL}`)
  const hearing = hears(client, token, waitMs)
  const [heard] = await Promise.all([hearing, other.query('select pg_notify($1, $2)', [PROBE_CHANNEL, token])])
  if (heard) await client.query(`unlisten ${PROBE_CHANNEL}`)
  return heard
}

/** Resolves with true once `token` has arrived, with false after `waitMs`; rejects when the connection ends before. */
function hears(client: pg.ClientBase, token: string, waitMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer)
      client.off('notification', onNotification)
      client.off('end', onEnd)
      end()
    }
    const onNotification = ({ payload }: pg.Notification) => {
      if (payload === token) settle(() => resolve(true))
    }
    const onEnd = () => settle(() => reject(new Error('the connection ended')))
    const timer = setTimeout(() => settle(() => resolve(false)), waitMs)
    client.on('notification', onNotification)
    client.on('end', onEnd)
  })
}
