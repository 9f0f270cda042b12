// What one job and one execution cost the database and the processes, in bytes, statements, transactions and WAL: counts,
// which other work on the machine does not change. docs/scaling.md builds on them.
import { readFileSync } from 'node:fs'
import type { Pool } from '@scheduler/db/client'
import { newJobId } from '@scheduler/db/queries/create-job'
import { createJobs } from '@scheduler/db/queries/create-jobs'
import { transaction } from '@scheduler/db/transaction'
import { cpuSeconds } from './cpu.ts'
import type { Worker } from './processes.ts'
import { insertOnceJobs, type Rig, until, wait, withRig } from './rig.ts'
import { relationSizes } from './table-sizes.ts'

const payload = JSON.stringify({ order: '01a215be-401e-708b-918b-3ab434b03c6f', note: 'x'.repeat(140) })

export async function sizes(args: string[]): Promise<void> {
  const count = Number(args[0] ?? 20_000)
  const preload = { shared_preload_libraries: 'pg_stat_statements' }
  await withRig(async (rig) => {
    const { pool, startWorkers, startApi } = rig
    await pool.query('create extension if not exists pg_stat_statements')
    await createInBulk(rig, count)
    const api = await startApi({ LOG_LEVEL: 'error' })
    await createOneByOne(pool, api, Math.ceil(count / 10))
    await pool.query('truncate jobs')
    await startWorkers(2)
    await wait(3_000)
    await execute(rig, `${count} due at once`, count, 0)
    await execute(rig, '100 a second', Math.min(count, 2_000), 10)
    await startWorkers(2)
    await idle(pool)
    await memory(rig)
  }, preload)
}

async function createInBulk({ pool, receiver }: Rig, count: number): Promise<void> {
  const first = Date.parse('2999-01-01T00:00:00Z')
  const tally = await startTally(pool)
  for (let from = 0; from < count; from += 500) {
    const jobs = Array.from({ length: 500 }, (_, n) => {
      const start = new Date(first + (from + n) * 1_000)
      return {
        ...{
          id: newJobId(),
          type: 'interval' as const,
          nextRunAt: start,
          nextScheduledFor: start,
          cursorAt: new Date(),
        },
        ...{ callbackUrl: `${receiver.origin}/a/callback/of/some/length?for=measuring`, destination: receiver.origin },
        ...{ callbackHost: '127.0.0.1', timezone: 'Europe/Rome', policies: {}, name: null, externalId: null, tags: [] },
        schedule: { type: 'interval' as const, every: { minutes: 5 }, anchor: start.toISOString(), anchorGiven: true },
        ...{ payload, delivery: null, flowKey: null, retention: null },
      }
    })
    await transaction(pool, (client) => createJobs(client, jobs, new Date()))
  }
  await tally.end('a job, created 500 at a time', count)
  await relations(pool, ['jobs'], count, 'a job')
}

async function createOneByOne(pool: Pool, origin: string, count: number): Promise<void> {
  const body = JSON.stringify({
    ...{
      schedule_time: '2999-01-01T00:00:00Z',
      callback_url: 'http://127.0.0.1:9/a/callback',
      payload: JSON.parse(payload),
    },
  })
  const create = () =>
    fetch(`${origin}/jobs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  await create()
  const tally = await startTally(pool)
  const clients = Array.from({ length: 10 }, async () => {
    for (let n = 0; n < count / 10; n += 1) await (await create()).arrayBuffer()
  })
  await Promise.all(clients)
  await tally.end('a job, created by POST /jobs', count)
}

const isWorker = ({ process }: Worker) => process.spawnargs.some((arg) => arg.includes('apps/worker'))

/** Each job one execution of one attempt; `everyMs` apart, or all at once. */
async function execute(rig: Rig, what: string, count: number, everyMs: number): Promise<void> {
  const { pool, receiver, workers, embedded } = rig
  const before = await receiver.count()
  await pool.query('truncate jobs, executions, attempts')
  const due = new Date(Date.now() + 3_000)
  await insertOnceJobs(pool, count, due, `${receiver.origin}/sizes`)
  if (everyMs > 0) {
    await pool.query(
      `update jobs set next_run_at = due, next_scheduled_for = due, schedule = jsonb_build_object('type', 'once', 'at', due)
      from (select id as it, $1::timestamptz + row_number() over () * $2 * interval '1 ms' as due from jobs) as d where id = it`,
      [due, everyMs],
    )
  }
  const cpu = () => workers.filter(isWorker).reduce((sum, it) => sum + cpuSeconds(it.process.pid ?? 0), 0)
  const used = { workers: cpu(), database: embedded ? cpuSeconds(embedded.pid()) : 0 }
  const tally = await startTally(pool)
  const done = async () => {
    const { rows } = await pool.query(`select count(*)::int as n from executions where state = 'succeeded'`)
    return rows[0].n === count
  }
  await until(async () => (await receiver.count()) >= before + count, 300_000, 'all callbacks')
  await until(done, 60_000, 'every outcome to be written')
  await tally.end(`an execution, ${what}`, count)
  const each = (seconds: number) => `${((seconds / count) * 1_000).toFixed(3)} ms`
  const database = embedded ? each(cpuSeconds(embedded.pid()) - used.database) : 'unknown'
  console.log(`an execution, ${what}: CPU ${each(cpu() - used.workers)} of the workers, ${database} of PostgreSQL`)
  await relations(pool, ['executions', 'attempts'], count, 'an execution')
}

async function idle(pool: Pool): Promise<void> {
  await wait(10_000)
  const tally = await startTally(pool)
  await wait(30_000)
  await tally.end('a second of four idle workers and an API', 30)
}

/** Counts from now on; `end` prints them for each of `count`. Each BEGIN and COMMIT is a statement too. */
async function startTally(pool: Pool) {
  const read = async () => {
    const { rows } =
      await pool.query(`select pg_current_wal_lsn() - '0/0' as wal, (select wal_fpi from pg_stat_wal) as pages,
      (select sum(calls) from pg_stat_statements) as statements,
      (select sum(calls) from pg_stat_statements where query ~* '^(begin|commit|rollback)') as brackets,
      pg_snapshot_xmax(pg_current_snapshot())::text as transactions`)
    return rows[0] as Record<string, string>
  }
  const before = await read()
  return {
    async end(what: string, count: number) {
      const after = await read()
      const each = (name: string) => (Number(after[name]) - Number(before[name])) / count
      console.log(
        `${what}: WAL ${each('wal').toFixed(0)} bytes with ${each('pages').toFixed(2)} full pages, ` +
          `${each('statements').toFixed(2)} statements, of which ${each('brackets').toFixed(2)} begin or end a transaction, ` +
          `${each('transactions').toFixed(2)} writing transactions`,
      )
    },
  }
}

/** Bytes of each table and each of its indexes that is not empty, with all their partitions. */
async function relations(pool: Pool, tables: string[], count: number, what: string): Promise<void> {
  const used = (await relationSizes(pool, tables)).filter(({ bytes }) => bytes / count >= 8)
  const sum = used.reduce((total, { bytes }) => total + bytes, 0)
  const parts = used.map(({ name, bytes }) => `${name} ${(bytes / count).toFixed(0)}`)
  console.log(`${what}: ${(sum / count).toFixed(0)} bytes (${parts.join(', ')})`)
}

async function memory({ pool, workers, embedded }: Rig): Promise<void> {
  const kilobytes = (file: string, names: RegExp) =>
    [...readFileSync(file, 'utf8').matchAll(names)].reduce((sum, [, kb]) => sum + Number(kb), 0)
  for (const { process } of workers) {
    console.log(
      `process ${process.spawnargs[1]?.split('/').at(-3)}: RSS ${(kilobytes(`/proc/${process.pid}/status`, /^VmRSS:\s+(\d+)/gm) / 1024).toFixed(0)} MB`,
    )
  }
  if (!embedded) return
  const { rows } = await pool.query(
    `select pid, application_name as name from pg_stat_activity where application_name like 'scheduler %' order by 2`,
  )
  for (const [name, them] of Map.groupBy(rows, (it) => it.name)) {
    const own = them.map(({ pid }) => kilobytes(`/proc/${pid}/smaps_rollup`, /^Private_\w+:\s+(\d+)/gm) / 1024)
    const [least, most] = [Math.min(...own), Math.max(...own)].map((it) => it.toFixed(1))
    console.log(`connections ${name}: ${them.length}, private memory ${least} to ${most} MB each`)
  }
}
