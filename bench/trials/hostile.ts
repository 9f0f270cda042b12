// Receivers that misbehave, a hundred attempts to each at once, all of them three times: each ends in time and is recorded
// for what it was, memory grows no further after the first rounds, and no connections are left behind.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Pool } from '@scheduler/db/client'
import { insertOnceJobs, until, verdict, withRig } from '../rig.ts'

const TIMEOUT_SECONDS = 2
const SLACK_MS = 500
/** By another name in each round: it is another destination then, of which the worker thinks no ill yet. */
const HOSTS = ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']

/** Of the first round, over a worker that has sent nothing; and of the last, over those before. */
const GROWTH_MB = 250
const DRIFT_MB = 30

/** A receiver, and what an attempt to it is to be recorded as. */
interface Hostile {
  name: string
  url: string
  outcome: string
  status: number | null
  /** Whether it may also be too busy to serve all in time. */
  mayTimeOut?: boolean
  /** Whether its connections may be kept. */
  keeps?: boolean
}

export async function hostile(args: string[]): Promise<void> {
  const [count = 100] = args.map(Number)
  await withRig(async ({ pool, workers, startWorkers }) => {
    const receivers = await startReceivers()
    const concurrency = { WORKER_CONCURRENCY: String(count), DESTINATION_CONCURRENCY: String(count) }
    await startWorkers(1, { ...concurrency, CIRCUIT_FAIL_MAX: '1000' })
    const [worker] = workers
    const memory = watchMemory(worker?.process.pid ?? 0)
    const result = verdict()
    let kept = 0
    try {
      const peaks: number[] = []
      for (const host of HOSTS) {
        console.log(`as ${host}`)
        memory.newRound()
        for (const it of receivers.all) await attack({ ...it, url: it.url.replace('127.0.0.1', host) })
        peaks.push(memory.mostOfRound())
      }
      const [first = Number.NaN] = peaks
      const grown = first - memory.first
      result.check(`memory beyond the ${memory.first} MB at the start, MB`, grown <= GROWTH_MB, grown)
      const drift = Math.max(...peaks.slice(-1)) - Math.max(...peaks.slice(0, -1))
      result.check(
        `memory of the last round beyond that of those before, MB (${peaks.join(', ')})`,
        drift <= DRIFT_MB,
        drift,
      )
      memory.stop()
      await worker?.end('SIGTERM')
      await until(async () => (await receivers.open()) === 0, 5_000, 'the kept connections to close')
      result.check('connections left', true, 0)
    } finally {
      memory.stop()
      await receivers.close()
    }
    result.end()

    async function attack(it: Hostile): Promise<void> {
      memory.restart()
      await insertOnceJobs(pool, count, new Date(Date.now() + 500), it.url, {
        ...{ timeoutSeconds: TIMEOUT_SECONDS, retry: { limit: 0 } },
      })
      await until(async () => (await unfinished(pool)) === 0, 60_000, it.name)
      const { right, most, wrong } = await judge(pool, it)
      if (wrong) console.log(`     ${wrong}`)
      if (!it.keeps) await until(async () => (await receivers.open()) <= kept, 5_000, 'connections to close')
      else kept = await receivers.open()
      const holds = right === count && most <= TIMEOUT_SECONDS * 1_000 + SLACK_MS
      const said = `${right} of ${count} ${it.outcome}, longest ${most.toFixed(0)} ms, memory up to ${memory.peak()} MB`
      result.check(it.name, holds, said)
    }
  })
}

/** One of each that the worker's tests know, all in one process. */
async function startReceivers() {
  const main = fileURLToPath(new URL('../../apps/worker/test/hostile-process.ts', import.meta.url))
  const child = fork(main, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [{ receivers: all }] = (await once(child, 'message')) as [{ receivers: Hostile[] }]
  return {
    all,
    async open(): Promise<number> {
      child.send('open')
      const [said] = (await once(child, 'message')) as [{ open: number }]
      return said.open
    },
    async close() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function unfinished(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(`
    select (select count(*) from jobs where status = 'active')::int
      + (select count(*) from executions where finished_at is null)::int as n`)
  return rows[0]?.n ?? 1
}

/** How many of its attempts are recorded as they should be, the longest of all in ms, and what the others are. */
async function judge(pool: Pool, { url, outcome, status, mayTimeOut }: Hostile) {
  const { rows } = await pool.query<{ right: number; most: number; wrong: string | null }>(
    `select count(*) filter (where (a.outcome::text = $2 and a.status is not distinct from $3) or (a.outcome = 'timed_out' and $4))::int as right,
       max(extract(epoch from a.finished_at - a.started_at))::float8 * 1000 as most,
       string_agg(distinct concat_ws(' ', a.outcome, a.status, a.error), ', ')
         filter (where a.outcome::text <> $2 or a.status is distinct from $3) as wrong
     from attempts a join executions e on e.id = a.execution_id join jobs j on j.id = e.job_id
     where j.callback_url = $1`,
    [url, outcome, status, mayTimeOut === true],
  )
  return rows[0] ?? { right: 0, most: Number.NaN, wrong: null }
}

/** What a process holds of the machine's memory, in MB: now and then, and the most. */
function watchMemory(pid: number) {
  const now = () => {
    const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Math.round(Number(kb) / 1_024)
  }
  const first = now()
  let peak = first
  let most = first
  const timer = setInterval(() => {
    peak = Math.max(peak, now())
    most = Math.max(most, peak)
  }, 50)
  return {
    first,
    peak: () => peak,
    /** The most since `newRound`. */
    mostOfRound: () => most,
    newRound: () => {
      most = now()
    },
    restart: () => {
      peak = now()
    },
    stop: () => clearInterval(timer),
  }
}
