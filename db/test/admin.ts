import pg from 'pg'

/** `url` with another database's name. */
export function databaseUrl(url: string, database: string): string {
  const result = new URL(url)
  result.pathname = `/${database}`
  return result.href
}

export async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Makes an empty database, or a copy of `template`, which nobody may be connected to. */
export async function createDatabase(url: string, name: string, template?: string): Promise<string> {
  await execute(url, `create database ${name}${template ? ` template ${template}` : ''}`)
  // A test that would wait for another's lock for ever fails instead.
  await execute(url, `alter database ${name} set lock_timeout = '2s'`)
  return databaseUrl(url, name)
}

export async function dropDatabase(url: string, name: string): Promise<void> {
  await execute(url, `drop database if exists ${name} with (force)`)
}
