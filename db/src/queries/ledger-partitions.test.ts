import { expect } from 'vitest'
import { begin, test, untilBlocked } from '../../test/queue.ts'
import { alone, type Statements } from './ledger-partitions.ts'

const tables = 'executions_default'
const rest = (on: Statements, seconds: number) => on.query('select pg_sleep($1)', [seconds])

test('what is done alone has one limit, not each of its statements one', async ({ pool }) => {
  const twice = async (on: Statements) => {
    await rest(on, 0.3)
    await rest(on, 0.3)
  }
  const since = performance.now()
  expect(await alone(pool, { tables, holdMs: 450 }, twice)).toBe('long')
  expect(performance.now() - since).toBeLessThan(1_500)
  expect(await alone(pool, { tables }, async (on) => (await rest(on, 0.01)).rows.length)).toBe(1)
})

test('a wait for the tables, or for one who has them before, is no long work', async ({ pool }) => {
  const other = await begin(pool)
  await other.query('select from executions_default')
  expect(await alone(pool, { tables }, async () => 'done')).toBe('busy')
  await other.query('commit')

  const first = alone(pool, { tables: 'attempts_default' }, async (on) => await rest(on, 1))
  await expect.poll(() => alone(pool, { tables, turnMs: 50 }, async () => 'done'), { interval: 10 }).toBe('busy')
  await first
  expect(await alone(pool, { tables, turnMs: 50 }, async () => 'done')).toBe('done')
})

test('whoever analyzes a table that is wanted steady is waited for, and nobody behind it', async ({ pool }) => {
  const other = await begin(pool)
  await other.query('lock table only executions in share update exclusive mode')
  const making = alone(pool, { steady: 'only executions', tables }, async () => 'done')
  await untilBlocked(pool, 1)
  await pool.query('select from executions')
  expect(await making).toBe('busy')
})
