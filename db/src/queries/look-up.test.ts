import { expect } from 'vitest'
import { explaining } from '../../test/explaining.ts'
import { ago } from '../../test/factories.ts'
import { analyzeLedger } from '../../test/partitions.ts'
import { test } from '../../test/queue.ts'
import type { Pool } from '../client.ts'
import { transaction } from '../transaction.ts'
import { cancelUnfinished } from './cancel-unfinished.ts'
import { deleteJobs } from './delete-job.ts'

const JOBS = 500
const OF_EACH = 20

/** A ledger in all of its partitions, and jobs that have some executions each that wait. Returns the jobs. */
async function fill(pool: Pool): Promise<string[]> {
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, attempt, scheduled_for, effective_at, created_at, finished_at, destination)
     select gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'succeeded', 1, at, at, at, at, ''
     from generate_series(1, 30000) n, lateral (select now() - n * interval '1 minute' as at)`,
  )
  const { rows } = await pool.query<{ id: string }>(
    `with made as (
       insert into jobs (id, type, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at, callback_url, destination, callback_host, timezone, schedule, policies, payload)
       select gen_random_uuid(), 'interval', now() + interval '1 day', now() + interval '1 day', now(), now(), now(), 'http://a.test/', 'http://a.test', 'a.test', 'UTC', '{}', '{}', '{}'
       from generate_series(1, ${JOBS}) returning id)
     insert into executions (id, job_id, job_version, kind, state, scheduled_for, effective_at, created_at, destination)
     select gen_random_uuid(), id, 1, 'schedule', 'queued', at, at, at, ''
     from (select id, now() - random() * interval '20 days' as at from made, generate_series(1, ${OF_EACH})) as t returning job_id as id`,
  )
  await analyzeLedger(pool)
  await pool.query('analyze jobs')
  return [...new Set(rows.map(({ id }) => id))].sort()
}

test.for([
  ['one that supersedes them', (pool, ids) => transaction(pool, (client) => cancelUnfinished(client, ids, ago(0)))],
  ['a delete of their jobs', (pool, ids) => deleteJobs(pool, ids, 900)],
] as [string, (pool: Pool, ids: string[]) => Promise<unknown>][])(
  'hundreds of executions that are cancelled by %s are looked up, by a planner left to itself too',
  { timeout: 60_000 },
  async ([, run], { pool, databaseUrl }) => {
    const ids = await fill(pool)
    const explained = explaining(databaseUrl)
    await run(explained.pool, ids).finally(() => explained.end())
    expect(explained.scans.filter((it) => it === 'executions: Seq Scan')).toEqual([])
    const { rows } = await pool.query(`select count(*)::int from executions where state = 'cancelled'`)
    expect(rows).toEqual([{ count: JOBS * OF_EACH }])
  },
)
