// The query that docs/scaling.md gives to autoscalers.
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { execution } from '../test/factories.ts'
import { queueUp, test } from '../test/queue.ts'
import { createDb, type Pool } from './client.ts'
import { executions } from './schema/index.ts'

const docs = readFileSync(new URL('../../docs/scaling.md', import.meta.url), 'utf8')
const sql = /```sql\n([\s\S]*?)```/.exec(docs)?.[1]?.trim() ?? ''

test('the places that are wanted: in flight, queued and parked for want of a place', async ({ pool, boss }) => {
  await pool.query(
    `insert into workers (id, hostname, pid, started_at, heartbeat_at, in_flight)
     values (uuidv7(), 'one', 1, now(), now(), 7), (uuidv7(), 'lost', 2, now(), now() - interval '1 minute', 100)`,
  )
  await queueUp(pool, boss, {}, 3)
  const parked = { state: 'parked', reason: 'destination_busy' } as const
  await createDb(pool)
    .insert(executions)
    .values([execution(parked), execution({ ...parked, reason: 'circuit_open' })])
  expect(await wanted(pool)).toBe(7 + 3 + 1)
})

test('however many are parked, ten thousand are counted', async ({ pool, boss: _queue }) => {
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, reason, attempt, scheduled_for, effective_at,
       created_at, next_attempt_at, destination)
     select uuidv7(), uuidv7(), 1, 'schedule', 'parked', 'destination_busy', 0, now(), now(), now(), now(), 'https://busy.test'
     from generate_series(1, 10050)`,
  )
  expect(await wanted(pool)).toBe(10_000)
})

async function wanted(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ wanted: string }>(sql)
  return Number(rows[0]?.wanted)
}
