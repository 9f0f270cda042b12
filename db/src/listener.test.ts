import { expect, inject, onTestFinished } from 'vitest'
import { test } from '../test/database.ts'
import { ago } from '../test/factories.ts'
import { createPool, type Pool } from './client.ts'
import { type Listener, startListener } from './listener.ts'
import { notifyCancel, notifyDue, notifyWork } from './notify.ts'

// A listener looks after its connection every five seconds.
const soon = { timeout: 15_000, interval: 20 }

interface Heard {
  listener: Listener
  due: number
  work: string[]
  cancelled: string[]
  circuits: string[]
  errors: string[]
  deaf: number
}

function listen(connectionString: string, through?: Pool): Heard {
  const heard: Omit<Heard, 'listener'> = { due: 0, work: [], cancelled: [], circuits: [], errors: [], deaf: 0 }
  const listener = startListener({
    ...{ connectionString, ...(through && { pool: through }) },
    onDue: () => {
      heard.due += 1
    },
    onWork: (destination) => void heard.work.push(destination),
    onCancel: (executionId) => void heard.cancelled.push(executionId),
    onCircuit: (destination) => void heard.circuits.push(destination),
    onError: (error) => void heard.errors.push(error.message),
    onDeaf: () => {
      heard.deaf += 1
    },
  })
  onTestFinished(() => listener.stop())
  return Object.assign(heard, { listener })
}

/** Sessions that listen, by their backends' pids. */
async function sessions(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query(
    `select pid from pg_stat_activity where datname = current_database() and application_name = 'scheduler listener'`,
  )
  return rows.map((row) => row.pid)
}

const connected = (heard: Heard) => expect.poll(() => heard.due, soon).toBeGreaterThan(0)

test('a new connection wakes all at once, and then each notification does', async ({ databaseUrl, pool }) => {
  const heard = listen(databaseUrl)
  await connected(heard)
  expect(heard).toMatchObject({ due: 1, work: [''] })

  await notifyDue(pool, ago(-0.5), ago(0))
  await expect.poll(() => heard.due, soon).toBe(2)

  await notifyWork(pool)
  await notifyWork(pool, 'http://busy.test')
  await notifyCancel(pool, 'an execution')
  await expect.poll(() => heard.work, soon).toEqual(['', '', 'http://busy.test'])
  await expect.poll(() => heard.cancelled, soon).toEqual(['an execution'])
  expect(heard).toMatchObject({ due: 2, errors: [] })
})

test('what is due later than a dispatcher sleeps wakes nobody', async ({ databaseUrl, pool }) => {
  const heard = listen(databaseUrl)
  await connected(heard)

  await notifyDue(pool, ago(-60), ago(0))
  await notifyDue(pool, ago(5), ago(0))

  await expect.poll(() => heard.due, soon).toBe(2)
  await notifyWork(pool)
  await expect.poll(() => heard.work.length, soon).toBe(2)
  expect(heard.due).toBe(2)
})

test('a listener whose connection is killed says so once, and hears again on a new one', async ({
  databaseUrl,
  pool,
}) => {
  const heard = listen(databaseUrl)
  await expect.poll(() => heard.listener.leads, soon).toBe(true)
  const [pid] = await sessions(pool)

  await pool.query('select pg_terminate_backend($1)', [pid])

  await expect.poll(() => heard.errors.length, soon).toBe(1)
  expect(heard.listener.leads).toBe(false)
  expect(heard.listener.connectedMs).toBe(0)
  await expect.poll(() => heard.due, soon).toBe(2)
  expect(await sessions(pool)).not.toContain(pid)
  await notifyDue(pool, ago(0), ago(0))
  await expect.poll(() => heard.due, soon).toBe(3)
  await expect.poll(() => heard.listener.leads, soon).toBe(true)
  expect(heard.errors).toHaveLength(1)
})

test('of two listeners one leads, and when it stops the other does', async ({ databaseUrl, pool }) => {
  const both = [listen(databaseUrl), listen(databaseUrl)]
  for (const heard of both) await connected(heard)
  const leaders = () => both.filter(({ listener }) => listener.leads)
  await expect.poll(() => leaders().length, soon).toBe(1)
  const [first] = leaders()
  const second = both.find((heard) => heard !== first)

  await first?.listener.stop()

  expect(first?.listener.leads).toBe(false)
  await expect.poll(() => second?.listener.leads, soon).toBe(true)
  await second?.listener.stop()
  await expect.poll(() => sessions(pool), soon).toEqual([])
  expect(both.flatMap((heard) => heard.errors)).toEqual([])
})

test('a listener that does not hear what the pool notifies says so, once for each connection; one that hears does not', async ({
  databaseUrl,
  pool,
}) => {
  const hears = listen(databaseUrl, pool)
  const stranger = createPool(inject('adminUrl'), { max: 1 })
  onTestFinished(() => stranger.end())
  const deaf = listen(databaseUrl, stranger)
  await expect.poll(() => deaf.deaf, soon).toBe(1)

  for (const pid of await sessions(pool)) await pool.query('select pg_terminate_backend($1)', [pid])

  await expect.poll(() => deaf.deaf, soon).toBe(2)
  expect(hears).toMatchObject({ due: 2, deaf: 0 })
  expect(deaf).toMatchObject({ due: 2, errors: [expect.any(String)] })
})
