import { expect } from 'vitest'
import { ago, ahead } from '../../test/factories.ts'
import { loseWorker, outcomeOf, queueUp, rejected, soleExecution, test, worker } from '../../test/queue.ts'
import type { Claim } from './begin-attempts.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { settle } from './settle.ts'

test('a worker that is lost uses up no retry, and moves no first attempt: before a failure, between two, and after', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  const claim = async () => (await me.claim()).claims[0] as Claim
  const seen = (it: Claim) => [it.attempt, it.failures]
  const fail = async (it: Claim) => {
    const fields = { ...rejected, state: 'waiting', failures: it.failures + 1, nextAttemptAt: ago(0.1) } as const
    await settle(pool, boss, me.workerId, [outcomeOf(it, fields)])
    expect((await dispatchHeld(pool, boss, { limit: 10 })).ids).toEqual([it.executionId])
  }
  const lose = (it: Claim) => loseWorker(boss, [it])

  const first = await claim()
  expect(seen(first)).toEqual([1, 0])
  await lose(first)
  const second = await claim()
  expect(seen(second)).toEqual([2, 0])
  await fail(second)
  const third = await claim()
  expect(seen(third)).toEqual([3, 1])
  await lose(third)
  const fourth = await claim()
  expect(seen(fourth)).toEqual([4, 1])
  await fail(fourth)
  const fifth = await claim()
  expect(seen(fifth)).toEqual([5, 2])
  for (const it of [second, third, fourth, fifth]) expect(it.firstAttemptAt).toEqual(first.firstAttemptAt)

  await settle(pool, boss, me.workerId, [outcomeOf(fifth, { ...rejected, failures: 3 })])
  expect(await soleExecution(pool)).toMatchObject({
    state: 'failed',
    attempt: 5,
    failures: 3,
    deadAt: expect.any(Date),
  })
  const { rows } = await pool.query('select outcome::text from attempts order by attempt')
  expect(rows.map((it) => it.outcome)).toEqual(['abandoned', 'rejected', 'abandoned', 'rejected', 'rejected'])
})

test('an attempt that is broken off waits for the next as one that never was', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  const me = worker(pool, boss)
  const [claim] = (await me.claim()).claims
  const fields = { outcome: 'abandoned', status: null, state: 'waiting', nextAttemptAt: ahead(30) } as const
  await settle(pool, boss, me.workerId, [outcomeOf(claim as Claim, fields)])
  expect(await soleExecution(pool)).toMatchObject({ state: 'waiting', attempt: 1, failures: 0, deadAt: null })
})

test('one that is lost while its job is moved is attempted at the new destination, by that one’s circuit', async ({
  pool,
  boss,
}) => {
  const { id } = await queueUp(pool, boss)
  const me = worker(pool, boss)
  const { claims } = await me.claim()
  await pool.query(`update jobs set destination = 'http://new.test', callback_url = 'http://new.test/' where id = $1`, [
    id,
  ])
  await pool.query(
    `insert into destinations (destination, state, opened_at, retry_at, updated_at)
     select destination, 'open', now(), now(), now() from executions`,
  )
  await loseWorker(boss, claims)
  const seen: unknown[] = []

  const again = await me.claim(({ destination, circuit }) => {
    seen.push([destination, circuit])
    return 'send'
  })

  expect(seen).toEqual([['http://new.test', null]])
  expect(again.claims).toMatchObject([{ destination: 'http://new.test', callbackUrl: 'http://new.test/', attempt: 2 }])
})
