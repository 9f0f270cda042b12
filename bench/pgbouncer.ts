// A PgBouncer in transaction mode before a database, on the loopback, as docs/scaling.md has it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseOwner } from '@scheduler/db/embedded/account'
import { choosePort } from '@scheduler/db/embedded/port'
import { NOT_PLANNED } from '@scheduler/db/pool'

/** The first whose prepared statements work in transaction mode. */
const LEAST = [1, 21] as const

export interface PgBouncer {
  version: string
  /** For the API: plans as the server makes them. */
  apiUrl: string
  /** For workers: steady plans. */
  workerUrl: string
  /** Kills it outright, and starts it again. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** @throws when there is none of at least 1.21 at `PGBOUNCER` or on PATH. */
export async function startPgBouncer(target: string, poolSize: number): Promise<PgBouncer> {
  const program = process.env.PGBOUNCER || 'pgbouncer'
  const version = versionOf(program)
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-pgbouncer-'))
  const port = await choosePort()
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(file, settings(new URL(target), port, poolSize))
  // It refuses to run as root.
  const owner = chooseOwner(folder)
  for (const path of owner ? [folder, file] : []) chownSync(path, owner?.uid ?? 0, owner?.gid ?? 0)
  chmodSync(file, 0o600)

  const start = async (): Promise<ChildProcess> => {
    const child = spawn(program, [file], { cwd: '/', stdio: 'ignore', ...owner })
    while (child.exitCode === null && !(await accepts(port))) await new Promise((done) => setTimeout(done, 50))
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}.`)
    return child
  }
  let running = await start()
  const kill = async (signal: NodeJS.Signals) => {
    const exited = once(running, 'exit')
    running.kill(signal)
    await exited
  }
  return {
    version,
    apiUrl: `postgres://scheduler@127.0.0.1:${port}/api`,
    workerUrl: `postgres://scheduler@127.0.0.1:${port}/worker`,
    async restart() {
      await kill('SIGKILL')
      running = await start()
    },
    async stop() {
      await kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  const version = /PgBouncer (\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1]
  if (!version) throw new Error(`There is no ${program}. Install PgBouncer, or name its program in PGBOUNCER.`)
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return version
  throw new Error(`${program} is PgBouncer ${version}; statements prepared by name need ${LEAST.join('.')} or newer.`)
}

function settings(target: URL, port: number, poolSize: number): string {
  const password = decodeURIComponent(target.password)
  const server =
    `host=${target.hostname} port=${target.port} dbname=${target.pathname.slice(1)} ` +
    `user=${target.username} password=${password}`
  const timeouts = (ms: number) => `set statement_timeout = ${ms}; set idle_in_transaction_session_timeout = 15000`
  const plans = [...NOT_PLANNED.map((name) => `set ${name} = off`), 'set plan_cache_mode = force_generic_plan'].join(
    '; ',
  )
  return `[databases]
api = ${server} connect_query='${timeouts(1_800)}'
worker = ${server} connect_query='${timeouts(10_000)}; ${plans}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 1000
max_prepared_statements = 200
ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout,options
`
}

/** Whether something listens there. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
