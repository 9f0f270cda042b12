import { expect, onTestFinished } from 'vitest'
import { test } from '../test/database.ts'
import { createPool, type PoolClient } from './client.ts'
import { transaction } from './transaction.ts'

const insert = (client: PoolClient, id: string) =>
  client.query(`insert into workers (id, hostname, pid, started_at, heartbeat_at) values ($1, 'h', 1, now(), now())`, [
    `00000000-0000-7000-8000-00000000000${id}`,
  ])
const count = 'select count(*)::int as count from workers'

test('what its work has written is there when it resolves, together with the result', async ({ pool }) => {
  const result = await transaction(pool, async (client) => {
    await insert(client, '1')
    expect((await pool.query(count)).rows).toEqual([{ count: 0 }])
    return 'done'
  })

  expect(result).toBe('done')
  expect((await pool.query(count)).rows).toEqual([{ count: 1 }])
})

test('nothing is written when its work throws, and the error is passed on as it is', async ({ pool }) => {
  const reason = new Error('no')

  const failure = await transaction(pool, async (client) => {
    await insert(client, '1')
    throw reason
  }).catch((error: unknown) => error)

  expect(failure).toBe(reason)
  expect((await pool.query(count)).rows).toEqual([{ count: 0 }])
})

test('a connection to a server that only reads is not used again: the next one may lead to the primary', async ({
  databaseUrl,
  pool,
}) => {
  const name = new URL(databaseUrl).pathname.slice(1)
  const reading = (mode: 'on' | 'off') =>
    pool.query(`alter database ${name} set default_transaction_read_only = ${mode}`)
  onTestFinished(async () => void (await reading('off')))
  await reading('on')
  const own = createPool(databaseUrl, { max: 1 })
  onTestFinished(() => own.end())
  await expect(transaction(own, (client) => insert(client, '1'))).rejects.toMatchObject({ code: '25006' })
  await reading('off')

  await transaction(own, (client) => insert(client, '1'))

  expect((await pool.query(count)).rows).toEqual([{ count: 1 }])
})

test('a failed statement that its work has swallowed still undoes everything', async ({ pool }) => {
  await transaction(pool, async (client) => {
    await insert(client, '1')
    await insert(client, '1').catch(() => {})
  }).catch(() => {})

  expect((await pool.query(count)).rows).toEqual([{ count: 0 }])
})

test('of statements that are sent at once, one that fails undoes those before it and those after it', async ({
  pool,
}) => {
  const failure = await transaction(pool, async (client) => {
    await Promise.all([insert(client, '1'), client.query('select 1 / 0'), insert(client, '2')])
  }).catch((error: unknown) => error)

  expect(failure).toMatchObject({ code: '22012' })
  expect((await pool.query(count)).rows).toEqual([{ count: 0 }])
})

test('a client whose connection was lost on the way is thrown away, and the next transaction gets another', async ({
  databaseUrl,
  pool,
}) => {
  const own = createPool(databaseUrl, { max: 1 })
  const pids: number[] = []

  const failure = await transaction(own, async (client) => {
    pids.push((await client.query('select pg_backend_pid() as pid')).rows[0].pid)
    await pool.query('select pg_terminate_backend($1)', pids)
    await insert(client, '1')
  }).catch((error: unknown) => error)

  expect(failure).toBeInstanceOf(Error)
  await transaction(own, async (client) => {
    pids.push((await client.query('select pg_backend_pid() as pid')).rows[0].pid)
    await insert(client, '2')
  })
  expect(new Set(pids).size).toBe(2)
  expect((await pool.query(count)).rows).toEqual([{ count: 1 }])
  await own.end()
})
