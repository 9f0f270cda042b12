import pg from 'pg'
import { expect, inject, onTestFinished } from 'vitest'
import { test } from '../test/database.ts'
import { createPool, type Pool } from './pool.ts'
import { hasSession } from './session.ts'

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

/** Of another database: what it notifies reaches nobody of the test's, as through a pooler in transaction mode. */
function stranger(): Pool {
  const pool = createPool(inject('adminUrl'), { max: 1 })
  onTestFinished(() => pool.end())
  return pool
}

test('a connection of its own hears what another one notifies', async ({ databaseUrl, pool }) => {
  expect(await hasSession(await connect(databaseUrl), pool)).toBe(true)
})

test('of many that try it at once each hears its own probe', async ({ databaseUrl, pool }) => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect(databaseUrl)))
  const heard = await Promise.all(clients.map((client) => hasSession(client, pool)))
  expect(heard).toEqual(Array(8).fill(true))
})

test('a connection that hears another’s probe and not its own has no session', async ({ databaseUrl, pool }) => {
  const client = await connect(databaseUrl)
  let tried = false
  const trying = hasSession(client, stranger(), 500).finally(() => {
    tried = true
  })
  // Again and again, so that some come while it waits for its own.
  while (!tried) await pool.query(`select pg_notify('scheduler_probe', 'of somebody else')`)
  expect(await trying).toBe(false)
})

test('a connection that ends meanwhile says nothing about it', async ({ databaseUrl, pool }) => {
  const client = await connect(databaseUrl)
  const { rows } = await client.query('select pg_backend_pid() as pid')
  const trying = expect(hasSession(client, stranger(), 60_000)).rejects.toThrow()
  await pool.query('select pg_terminate_backend($1)', [rows[0].pid])
  await trying
})
