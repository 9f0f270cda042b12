import { expect } from 'vitest'
import { test } from './database.ts'

const queues = 'select count(*)::int as count from pgboss.queue'

test('a test starts on a migrated database and may leave what it likes', async ({ pool }) => {
  await pool.query(`create table left_behind as select 1 as row`)
  expect((await pool.query(queues)).rows[0].count).toBeGreaterThan(0)
})

test('the next test of the file finds the same database without the rows, and with its queues', async ({ pool }) => {
  expect((await pool.query('select * from left_behind')).rows).toEqual([])
  expect((await pool.query(queues)).rows[0].count).toBeGreaterThan(0)
})

test('a statement that waits for a lock fails instead of hanging', async ({ databaseUrl, pool }) => {
  expect(databaseUrl).toContain('/scheduler_test_')
  expect((await pool.query('show lock_timeout')).rows).toEqual([{ lock_timeout: '2s' }])
})
