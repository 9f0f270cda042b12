// Databases of ours that hold many jobs of which none is due for a month, as most jobs of a scheduler are.
import { createPool } from '@scheduler/db/client'
import { applyMigrations } from '@scheduler/db/migrate'
import type { Arena } from './arena.ts'

/** Rows of one statement. */
const CHUNK = 250_000

/**
 * The database with `count` such jobs, built where the server has none yet; and without what earlier benches left there.
 * Keep the server's folder (BENCH_DATA_DIR) to build it once: ten million take minutes, and 8 GB.
 */
export async function withIdleJobs(arena: Arena, count: number): Promise<string> {
  const database = `idle_${count}`
  const url = arena.urlOf(database)
  if (!(await arena.exists(database))) await build(arena, database, count)
  await applyMigrations(url)
  await clear(url)
  return url
}

async function build(arena: Arena, database: string, count: number): Promise<void> {
  const half = `${database}_half`
  const pool = createPool(await arena.createOurs(half), { max: 1, queryMs: 3_600_000, name: 'bench' })
  try {
    for (let first = 1; first <= count; first += CHUNK) {
      const last = Math.min(count, first + CHUNK - 1)
      await pool.query(insertIdle, [first, last])
      if (count > CHUNK) console.log(`# ${last} of ${count} idle jobs`)
    }
    await pool.query('vacuum (analyze)')
  } finally {
    await pool.end()
  }
  // Only what is complete has the name: a build that was broken off is begun anew.
  await arena.admin.query(`alter database ${half} rename to ${database}`)
}

const insertIdle = `
  insert into jobs (id, type, status, version, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at,
    callback_url, destination, callback_host, timezone, schedule, policies, payload, external_id, tags)
  select uuidv7(), type::job_type, 'active', 1, at, at, now(), now(), now(),
    'https://' || host || '/callback', 'https://' || host, host, 'UTC',
    jsonb_build_object('type', type) || case type
      when 'once' then jsonb_build_object('at', at)
      when 'cron' then '{"cron":"30 2 1 * *"}'
      when 'interval' then jsonb_build_object('every', '{"days":400}'::jsonb, 'anchor', at, 'anchorGiven', true)
      else jsonb_build_object('rrule', 'RRULE:FREQ=YEARLY', 'anchor', at, 'anchorGiven', true)
    end,
    '{}', '{"n":' || n || '}', case when n % 2 = 0 then 'external-' || n end,
    case when n % 20 = 0 then array['tag-' || n % 100] else '{}' end
  from (
    select n, (array['once', 'cron', 'interval', 'rrule'])[n % 4 + 1] as type,
      'host-' || n % 1000 || '.example.com' as host,
      date_trunc('milliseconds', now() + interval '30 days' + random() * interval '330 days') as at
    from generate_series($1::int, $2::int) as n
  ) as it`

/** Takes away what the last bench did there, and its dead rows. */
async function clear(url: string): Promise<void> {
  const pool = createPool(url, { max: 1, queryMs: 3_600_000, name: 'bench' })
  try {
    await pool.query('truncate executions, attempts')
    await pool.query(`delete from jobs where callback_host = '127.0.0.1'`)
    await pool.query('delete from workers')
    await pool.query('vacuum (analyze)')
    await pool.query('checkpoint')
  } finally {
    await pool.end()
  }
}
