// Sessions at the database that are none of the service's.
import pg from 'pg'

/** A connection of a fault's own. Its loss is no error of this process. */
export async function openSession(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'chaos fault',
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Runs `work` with a session, and ends that whatever became of it. What it had open is rolled back. */
export async function withSession<T>(url: string, work: (session: pg.Client) => Promise<T>): Promise<T> {
  const session = await openSession(url)
  try {
    return await work(session)
  } finally {
    await session.end().catch(() => {})
  }
}

/** Ends every other client's connection but those of faults, as an administrator or a firewall does. Returns how many. */
export async function terminateOthers(session: pg.Client): Promise<number> {
  const { rowCount } = await session.query(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where backend_type = 'client backend' and application_name <> 'chaos fault'`)
  return rowCount ?? 0
}
