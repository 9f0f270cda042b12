// The README's start command, end to end, as a stranger runs it: own port, own empty folder, a real callback.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { choosePort } from '../db/src/embedded/port.ts'
import { processesWith } from './e2e/processes.ts'
import { root } from './start/settings.ts'

const port = await choosePort()
const url = `http://127.0.0.1:${port}`
const dataDir = mkdtempSync(join(tmpdir(), 'scheduler-e2e-'))
const { DATABASE_URL, DB_USER, DB_PASSWORD, DB_HOST, DB_PORT, DB_NAME, API_KEYS, NODE_ENV, ...inherited } = process.env
const env = { ...inherited, PORT: String(port), DATA_DIR: dataDir }

let output = ''
const started = spawn('npx', ['-y', 'pnpm@12.21.0', 'start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
const exited = once(started, 'exit')
for (const stream of [started.stdout, started.stderr]) {
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
}

/** Every process of the stack carries its data folder in its environment or on its command line. */
const processes = () => processesWith(dataDir)

const steps: [string, seconds: number, () => Promise<unknown>][] = [
  ['the API answers', 240, () => until(async () => (await fetch(`${url}/health/live`)).ok)],
  ['it prints the docs and a first job to try', 10, () => until(() => /\/docs.*curl .*\/jobs/s.test(output))],
  ['the docs are there', 10, () => until(async () => (await fetch(`${url}/docs/`)).ok)],
  ['two workers run', 10, () => until(() => workers().length === 2)],
  ['a callback two seconds ahead arrives', 40, callBack],
  ['a killed database comes back, and so do callbacks', 60, () => kill(databases).then(callBack)],
  ['a killed worker comes back', 30, () => kill(workers).then(() => until(() => workers().length === 2))],
  ['told to stop, it ends and leaves no process', 60, stop],
]

let passed = 0
let failed = 0
for (const [name, seconds, step] of steps) {
  if (failed) break // what follows builds on it
  const since = performance.now()
  const timeout = sleep(seconds * 1000, undefined, { ref: false }).then(() => {
    throw new Error(`not within ${seconds} s`)
  })
  try {
    await Promise.race([step(), timeout])
    passed += 1
    console.log(`  ok    ${name} (${((performance.now() - since) / 1000).toFixed(1)} s)`)
  } catch (error) {
    failed += 1
    console.log(`  FAIL  ${name}: ${error instanceof Error ? error.message : error}`)
    console.log(output.trimEnd().replaceAll(/^/gm, '        '))
  }
}
for (const { pid } of processes()) process.kill(pid, 'SIGKILL')
rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)

function workers() {
  return processes().filter(({ command }) => /node .*\/apps\/worker\/src\/main\.ts/.test(command))
}

function databases() {
  return processes().filter(({ command }) => command.includes(`postgres -D ${dataDir}/`))
}

async function kill(which: typeof workers): Promise<void> {
  const [victim] = which()
  if (!victim) throw new Error('there is none to kill')
  process.kill(victim.pid, 'SIGKILL')
  await until(() => !processes().some(({ pid }) => pid === victim.pid))
}

/** One job by way of the API, until its callback is on record as succeeded. */
async function callBack(): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  let id = ''
  await until(async () => {
    const schedule_time = new Date(Date.now() + 2000).toISOString()
    const body = JSON.stringify({ schedule_time, callback_url: `${url}/callback/test`, payload: { from: 'e2e' } })
    const answer = await fetch(`${url}/jobs`, { method: 'POST', headers, body })
    if (answer.status === 400) throw new Error(await answer.text())
    if (answer.status === 201) id = ((await answer.json()) as { job_id: string }).job_id
    return id !== ''
  })
  await until(async () => {
    const executions = (await (await fetch(`${url}/jobs/${id}/executions`)).json()) as { state: string }[]
    return executions.some(({ state }) => state === 'succeeded')
  })
}

async function stop(): Promise<void> {
  // Without a terminal this ends npx alone, the hard case: the others have to notice.
  started.kill('SIGTERM')
  await exited
  await until(() => processes().length === 0)
  if (!readFileSync(join(dataDir, 'postgres.log'), 'utf8').trimEnd().endsWith('database system is shut down')) {
    throw new Error('the database was not shut down in order')
  }
}

/** Asks until the answer is yes; an address that does not answer yet is a no. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (;;) {
    try {
      if (await condition()) return
    } catch (error) {
      if (!(error instanceof TypeError)) throw error // fetch's "no connection"
    }
    if (started.exitCode !== null && started.exitCode !== 0)
      throw new Error(`it ended with exit code ${started.exitCode}`)
    await sleep(200)
  }
}
