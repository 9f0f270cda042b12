import { expect } from 'vitest'
import { begin, test, untilBlocked } from '../../test/queue.ts'
import { transaction } from '../transaction.ts'
import { pruneKeys, storeAnswer, takeKey } from './idempotency.ts'

const answer = { status: 201, headers: { etag: '"1"' }, body: '{"a":"é\\u0000","10":1}' }

test('who has taken a key lets the others wait, and they get the answer that it stored', async ({ pool }) => {
  const first = await begin(pool)
  expect(await takeKey(first, 'k', 'f')).toBeNull()
  const others = [1, 2].map(() => transaction(pool, (client) => takeKey(client, 'k', 'g')))
  await untilBlocked(pool, 2)
  await storeAnswer(first, 'k', answer)
  await first.query('commit')
  expect(await Promise.all(others)).toEqual(Array(2).fill({ fingerprint: 'f', ...answer }))
})

test('a key of a transaction that is rolled back is free for one of those that wait', async ({ pool }) => {
  const [first, second] = [await begin(pool), await begin(pool)]
  await takeKey(first, 'k', 'f')
  const taken = takeKey(second, 'k', 'g')
  await untilBlocked(pool, 1)
  await first.query('rollback')
  expect(await taken).toBeNull()
})

test('of those that wait for an expired key one takes it, and the others get its new answer', async ({ pool }) => {
  await transaction(pool, (client) => takeKey(client, 'k', 'old'))
  await pool.query(`update idempotency_keys set created_at = now() - interval '25 hours'`)
  const first = await begin(pool)
  expect(await takeKey(first, 'k', 'f')).toBeNull()
  const other = transaction(pool, (client) => takeKey(client, 'k', 'g'))
  await untilBlocked(pool, 1)
  await storeAnswer(first, 'k', answer)
  await first.query('commit')
  expect(await other).toEqual({ fingerprint: 'f', ...answer })
})

test('pruning takes what has expired, so many at a time, and passes over a key that is being used', async ({
  pool,
}) => {
  for (const key of ['a', 'b', 'c', 'd']) await transaction(pool, (client) => takeKey(client, key, 'f'))
  await pool.query(`update idempotency_keys set created_at = now() - interval '25 hours' where key <> 'd'`)
  const user = await begin(pool)
  await takeKey(user, 'a', 'f')
  expect([await pruneKeys(pool, 1), await pruneKeys(pool, 5), await pruneKeys(pool, 5)]).toEqual([1, 1, 0])
  await user.query('commit')
  const { rows } = await pool.query('select key from idempotency_keys order by key')
  expect(rows).toEqual([{ key: 'a' }, { key: 'd' }])
})
