import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from '@scheduler/db/client'
import { residentMib } from '../../bench/memory.ts'
import { until } from '../../bench/until.ts'
import { fuzz } from '../fuzz/fuzz.ts'
import { SECRET_MARK } from '../fuzz/maker.ts'
import { classLines, countOf, faultLines, refusedLines, statusLines } from '../fuzz/show.ts'
import type { FuzzReport } from '../fuzz/tally.ts'
import { FUZZ_ENV, worldOf } from '../fuzz/world.ts'
import type { Rig, Scenario } from '../scenario.ts'

const LONG = 100_000
const SHORT = 3_000

/** Under way at a time. */
const AT_ONCE = 16

/** How long a job may be due before nobody can be said to be about to dispatch it, seconds. */
const OVERDUE_SECONDS = 10

export const fuzzing: Scenario = {
  name: 'fuzz',
  what: 'Generated requests to each operation of the OpenAPI document, valid, nearly valid and hostile, while workers carry out what comes of them. FUZZ_REQUESTS is how many, 100,000 by default.',
  async run(rig) {
    const requests = Number(process.env.FUZZ_REQUESTS ?? (rig.short ? SHORT : LONG))
    const seed = rig.dice.int(0, 2 ** 31 - 1)
    const log = logFile()
    try {
      const api = await rig.startApi(FUZZ_ENV)
      await rig.startWorkers(2, FUZZ_ENV)
      const world = worldOf(seed, rig.receiver.origin)
      const report = await fuzz({ world, requests, atOnce: AT_ONCE, port: Number(new URL(api.origin).port) })
      say(rig, report)
      judgeAnswers(rig, report)
      await judgeSystem(rig, log.read())
    } finally {
      log.forget()
    }
  },
}

function say(rig: Rig, report: FuzzReport): void {
  for (const it of statusLines(report)) rig.say(it)
  for (const it of classLines(report)) rig.say(it)
  for (const it of refusedLines(report)) rig.say(`valid by the schema, and refused: ${it}`)
  for (const it of report.faults.slice(0, 50).flatMap(faultLines)) rig.say(it)
}

function judgeAnswers(rig: Rig, report: FuzzReport): void {
  const { requests, answers, faults, slowestMs, slowestBeatMs, heldUpMs } = report
  rig.note('requests', requests)
  rig.note('answers', answers)
  const all = faults.reduce((sum, it) => sum + it.count, 0)
  const failed = countOf(report, /: is 5\d\d$/)
  const late = countOf(report, /: took /)
  rig.check('answers of 5xx', failed === 0, failed)
  rig.check('answers that took longer than 2 s, or 10 s for many jobs at once', late === 0, late)
  rig.check('other answers that are not as the document says', all === failed + late, all - failed - late)
  rig.note(
    'slowest answer, and what the machine held up at the most, ms',
    `${Math.round(slowestMs)}, ${Math.round(heldUpMs)}`,
  )
  rig.note('memory of the API at the end, MiB', Math.round(residentMib(rig.apis[0]?.process.pid ?? 0)))
  rig.check(
    'the process answers all the while that it lives, ms',
    slowestBeatMs < 2_000 + heldUpMs,
    Math.round(slowestBeatMs),
  )
}

async function judgeSystem({ apis, workers, pool, check }: Rig, log: string): Promise<void> {
  const ended = [...apis, ...workers].filter((it) => it.process.exitCode !== null || it.process.signalCode !== null)
  check('processes that ended', ended.length === 0, ended.length)
  const errors = log.split('\n').filter((it) => /^\{"level":[56]0|database away/.test(it))
  check('errors in the logs', errors.length === 0, errors.length > 0 ? `${errors.length}, the first: ${errors[0]}` : 0)
  check('secrets in the logs', !log.includes(SECRET_MARK), log.includes(SECRET_MARK) ? 'some' : 0)
  await until(async () => (await overdue(pool)) === 0, 60_000, 'what is due to be dispatched')
  const quarantined = await count(pool, `select count(*)::int as n from jobs where status = 'quarantined'`)
  check('jobs in quarantine', quarantined === 0, quarantined)
}

const overdue = (pool: Pool): Promise<number> =>
  count(pool, `select count(*)::int as n from jobs where next_run_at < now() - interval '${OVERDUE_SECONDS} seconds'`)

async function count(pool: Pool, statement: string): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(statement)
  return rows[0]?.n ?? 0
}

/** Where the processes write their logs, all into one. */
function logFile() {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-fuzz-'))
  const before = process.env.TRIAL_LOG
  const file = join(folder, 'log')
  process.env.TRIAL_LOG = file
  return {
    read: () => readFileSync(file, 'utf8'),
    forget() {
      if (before === undefined) delete process.env.TRIAL_LOG
      else process.env.TRIAL_LOG = before
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
