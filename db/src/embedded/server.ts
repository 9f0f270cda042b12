import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Binaries, EmbeddedError } from './binaries.ts'
import type { Home } from './home.ts'
import { choosePort, isFree } from './port.ts'
import { isAlive, type Postmaster, readPostmaster } from './postmaster.ts'
import { lastFault, openServerLog, serverLog } from './server-log.ts'
import { readState, writeState } from './state.ts'

const READY_TIMEOUT_MS = 120_000
/** How long the server may fail again and again: the last backends of a killed one need a moment to go. */
const FAILING_MS = 2500

/** One life of the server. */
export interface Server {
  readonly pid: number
  readonly port: number
  /** Whether its end is our duty; not when another process that is still there started it. */
  readonly ours: boolean
  /** Resolves once it is gone. For a server that is not ours also when `signal` is aborted. */
  readonly exited: Promise<void>
}

export interface ServerOptions {
  readonly dataDir: string
  readonly home: Home
  readonly binaries: Binaries
  readonly settings: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** The only port to use; without it the last one, or another when somebody has taken that. */
  readonly port?: number
}

/**
 * A server that accepts connections on the data folder: the one that runs there already, or a new one.
 *
 * Any number of processes may call this at once: PostgreSQL's own lock file lets one win, the others share its server.
 */
export async function ensureServer(options: ServerOptions): Promise<Server> {
  const { dataDir, home, signal } = options
  const deadline = Date.now() + READY_TIMEOUT_MS
  let failingSince = 0
  while (Date.now() < deadline) {
    signal.throwIfAborted()
    const running = readPostmaster(home.data)
    if (running?.state === 'ready') return share(running, options)
    if (running) {
      await sleep(20) // another start's, or one that is stopping
      continue
    }
    const port = options.port ?? (await choosePort(readState(dataDir).port))
    const log = openServerLog(dataDir)
    const child = launch(options, port, log.fd)
    const pid = await becomesReady(child, home.data, deadline)
    if (pid) {
      writeState(dataDir, { port, startedBy: process.pid })
      return { pid, port, ours: true, exited: exit(child) }
    }
    if (readPostmaster(home.data)) continue // another start was faster
    failingSince ||= Date.now()
    if (Date.now() - failingSince > FAILING_MS) {
      if (!(await isFree(port))) throw new EmbeddedError(`Port ${port} of the embedded PostgreSQL is taken.`)
      throw new EmbeddedError(
        `The embedded PostgreSQL does not start on ${home.data} (${lastFault(dataDir, log.size)}): ` +
          `restore that folder or set DATA_DIR to another; its log is ${serverLog(dataDir)}.`,
      )
    }
    await sleep(100)
  }
  throw new EmbeddedError(`The embedded PostgreSQL did not get ready in time; its log is ${serverLog(dataDir)}.`)
}

/** Fast shutdown: open transactions are rolled back, nothing committed is lost. */
export async function stopServer({ pid, exited }: Server): Promise<void> {
  const everHarder = [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5000],
    ['SIGKILL', 5000],
  ] as const
  for (const [signal, waitMs] of everHarder) {
    if (!isAlive(pid)) return
    process.kill(pid, signal)
    const timeout = new AbortController()
    await Promise.race([exited, sleep(waitMs, undefined, { signal: timeout.signal }).catch(() => {})])
    timeout.abort()
  }
}

function launch({ home, binaries, settings }: ServerOptions, port: number, log: number): ChildProcess {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', ...settings }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const [command, args] = home.account.command(binaries.postgres, ['-D', home.data, '-p', String(port), ...flags])
  // Detached, so that Ctrl-C in a terminal does not reach it before those who use it are done.
  const child = spawn(command, args, { ...home.account.spawn, detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  return child
}

/** The server's pid once it accepts connections, or 0 when it ended before. */
async function becomesReady(child: ChildProcess, data: string, deadline: number): Promise<number> {
  child.on('error', () => {}) // shows as a child without a pid
  while (child.pid && child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    const running = readPostmaster(data)
    if (running?.pid === child.pid && running.state === 'ready') return child.pid
    await sleep(10)
  }
  return 0
}

function share({ pid, port }: Postmaster, { dataDir, signal }: ServerOptions): Server {
  const { startedBy } = readState(dataDir)
  const ours = !startedBy || !isAlive(startedBy)
  if (ours) writeState(dataDir, { port, startedBy: process.pid }) // left behind: whoever finds it takes it over
  const watch = async () => {
    while (isAlive(pid) && (ours || !signal.aborted)) await sleep(100)
  }
  return { pid, port, ours, exited: watch() }
}

async function exit(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
