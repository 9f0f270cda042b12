import { createPool } from '@scheduler/db/client'
import { HOUSEKEEPING_QUEUE } from '@scheduler/db/queue'
import { partitionOf } from '@scheduler/db/test/partitions'
import { queueUp, test } from '@scheduler/db/test/queue'
import { expect, onTestFinished } from 'vitest'
import { states } from '../test/jobs.ts'
import { createLog } from '../test/log.ts'
import { until } from '../test/until.ts'
import { type HousekeepingParts, startHousekeeping } from './housekeeping.ts'

/** Asks for a chore, and for one who does it; resolves once that is said. */
async function done(
  parts: Omit<HousekeepingParts, 'log' | 'retention'>,
  task: string,
  message: string,
): Promise<unknown> {
  const { log, lines } = createLog()
  const { boss } = parts
  await boss.send(HOUSEKEEPING_QUEUE, { task })
  await startHousekeeping({ ...parts, log, retention: { days: 40, deadLetterDays: 50 } })
  onTestFinished(() => boss.offWork(HOUSEKEEPING_QUEUE))
  return await until(`"${message}" to be said`, () => lines.find(({ msg }) => msg === message))
}

test('what is older than the retention is pruned, and nothing else', async ({ pool, boss }) => {
  await queueUp(pool, boss, {}, 2)
  await pool.query(`update executions set state = 'succeeded', attempt = 1, finished_at = now() - interval '41 days',
    scheduled_for = now() - interval '41 days' where id = (select min(id::text)::uuid from executions)`)
  expect(await done({ pool, boss }, 'prune', 'pruned')).toMatchObject({ level: 30, executions: 1, jobs: 0 })
  expect(await states(pool)).toEqual({ queued: 1 })
})

test('dead letters that expire are said to, and how many', async ({ pool, boss }) => {
  await queueUp(pool, boss, {}, 3)
  await pool.query(`update executions set state = 'failed', finished_at = at, dead_at = at, scheduled_for = at, id = gen_random_uuid()
    from (select id as which, now() - interval '45 days' - row_number() over () * interval '2 days' as at from executions) as d where id = which`)
  expect(await done({ pool, boss }, 'prune', 'dead letters expired')).toMatchObject({ level: 40, deadLetters: 1 })
  expect(await states(pool)).toEqual({ failed: 2 })
})

test('a partition of which too much stays is named, with what to do about it', async ({ pool, boss }) => {
  const { name } = await partitionOf(pool, 48)
  await queueUp(pool, boss)
  await pool.query(`update executions set state = 'failed', attempt = 200000, finished_at = at, dead_at = at, scheduled_for = at
    from (select now() - interval '49 days' as at) as long_ago`)
  const line = await done({ pool, boss }, 'prune', 'partition not dropped')
  expect(line).toMatchObject({
    level: 40,
    partition: name,
    reason: expect.stringContaining('redrive its dead letters'),
  })
})

test('damage to the ledger is repaired', async ({ pool, boss }) => {
  await queueUp(pool, boss)
  await pool.query(`delete from pgboss.job where name = 'deliver'`)
  expect(await done({ pool, boss }, 'reconcile', 'ledger repaired')).toMatchObject({ level: 50, requeued: 1 })
})

test('a chore that fails is said in a few words, and the queue is told no more than that', async ({ pool, boss }) => {
  const away = createPool('postgres://USER:SECRET@127.0.0.1:1/nothing')
  onTestFinished(() => away.end())
  const line = await done({ pool: away, boss }, 'prune', 'housekeeping failed')
  expect(line).toMatchObject({ level: 50, task: 'prune', reason: expect.stringMatching(/^ECONNREFUSED/) })
  const output = await until('the queue to have it', async () => {
    const { rows } = await pool.query(`select output from pgboss.job where name = $1 and output is not null`, [
      HOUSEKEEPING_QUEUE,
    ])
    return rows[0]?.output
  })
  expect(output).toMatchObject({ message: 'housekeeping failed' })
  expect(JSON.stringify([line, output])).not.toMatch(/SECRET|ECONNREFUSED.*password/)
})
