import type { Pool } from '../src/client.ts'
import { DEFAULT_PARTITION, listPartitions } from '../src/queries/ledger-partitions.ts'

/** Ids that follow each other, the first of them the oldest. */
export const idOf = (n: number) => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

const id = (n: string) => `('00000000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`

/** Writes rows 1 to `count`, so many at a time that each statement ends in good time on a busy machine. */
async function inSlices(count: number, write: (slice: string) => Promise<unknown>): Promise<void> {
  const most = 20_000
  for (let from = 1; from <= count; from += most)
    await write(`generate_series(${from}, ${Math.min(from + most - 1, count)})`)
}

/**
 * Tables in which what is asked for lies at the far end of a list, if it is there at all; none of them analyzed.
 *
 * @param size executions; two thirds as many jobs, a third of everything else
 */
export async function fillUnlucky(pool: Pool, size: number): Promise<void> {
  const [jobs, others] = [Math.floor((size * 2) / 3), Math.floor(size / 3)]
  const { partitions } = await listPartitions(pool)
  const ledger = [...partitions, DEFAULT_PARTITION].map((it) => it.executions)
  for (const table of ['jobs', ...ledger, 'notifications', 'circuit_changes', 'blackouts', 'destinations'])
    await pool.query(`alter table ${table} set (autovacuum_enabled = off)`)
  await inSlices(jobs, (slice) =>
    pool.query(`
    insert into jobs (id, type, status, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at, completed_at, deleted_at,
      callback_url, destination, callback_host, external_id, tags, timezone, schedule, policies, payload)
    select ${id('n')}, (case n when 1 then 'rrule' else 'interval' end)::job_type, status::job_status, due, due, now(), now(), now(),
      case status when 'completed' then now() end, case when n > ${jobs * 0.9} then now() end, 'http://a.test/', 'http://a.test',
      case n when 1 then 'rare.test' else 'a.test' end, case when n % 10 = 0 then 'many' end,
      case n when 1 then array['rare'] else case when n <= ${jobs * 0.75} then array['old'] else '{}' end end, 'UTC', '{}', '{}', '{}'
    from ${slice} as n,
      lateral (select case n when 1 then 'quarantined' else case when n % 4 = 0 then 'completed' else 'active' end end as status) as s,
      lateral (select case when status = 'active' and n <= ${jobs * 0.9} then now() + n * interval '1 s' end as due) as d`),
  )
  await inSlices(size, (slice) =>
    pool.query(`
    insert into executions (id, job_id, job_version, kind, state, reason, attempt, scheduled_for, effective_at, created_at,
      finished_at, next_attempt_at, dead_at, destination)
    select ${id('n')}, ${id('case n when 1 then 1 else 2 + n % 3 end')}, 1, 'schedule', state::execution_state,
      (case state when 'parked' then 'circuit_open' when 'failed' then case n when 1 then 'worker_crashed' else 'rejected' end end)::execution_reason,
      1, at, at, at, case when state <> 'parked' then at end, case state when 'parked' then at end, case state when 'failed' then at end,
      case n when 1 then 'http://rare.test' else case state when 'parked' then 'http://p' || n % 200 || '.test' else 'http://a.test' end end
    from ${slice} as n,
      lateral (select case when n = 1 or n % 8 = 0 then 'failed' else case when n % 8 = 1 then 'parked' else 'succeeded' end end as state) as s,
      lateral (select now() - (${size + 1} - n) * interval '1 s' as at) as a`),
  )
  await inSlices(others, (slice) =>
    pool.query(`
    insert into notifications (id, type, job_id, url, destination, body, created_at, delivered_at, failed_at, next_attempt_at)
    select ${id('n')}, case n when 1 then 'job.paused' else 'job.failing' end, ${id('case n when 1 then 1 else 2 end')}, 'http://a.test/',
      'http://a.test', '{}', now(), case when n > 2 then now() end, case when n = 1 then now() end, case when n = 2 then now() end
    from ${slice} as n;
    insert into circuit_changes (id, destination, state, cause, failures, parked, at)
    select ${id('n')}, case n when 1 then 'http://rare.test' else 'http://a.test' end, 'open', 'failures', 5, 0, now()
    from ${slice} as n;
    insert into blackouts (id, tag, from_at, to_at, created_at, deleted_at)
    select ${id('n')}, case n when 1 then 'rare' else 'tag ' || n % 500 end, now(), now() + interval '1 hour', now(),
      case when n % 2 = 0 then now() end from ${slice} as n;
    insert into destinations (destination, state, failures, opened_at, updated_at)
    select 'http://p' || n || '.test', 'open', 5, now(), now() from ${slice} as n`),
  )
}
