import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { LogLine } from './log.ts'
import { until } from './until.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export interface WorkerProcess {
  process: ChildProcess
  /** What it logged. */
  lines: LogLine[]
  /** All it wrote, to stdout and stderr. */
  readonly output: string
  readonly errors: string
  /** Resolves with its exit code; null when a signal ended it. */
  exited: Promise<number | null>
  logged(message: string, timeoutMs?: number): Promise<LogLine>
  kill(signal: NodeJS.Signals): void
}

/** Starts a real worker. `env` is all it gets but for the way to node. */
export function spawnWorker(env: Record<string, string>): WorkerProcess {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [main], { env: { PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: LogLine[] = []
  let output = ''
  let errors = ''
  createInterface(child.stdout).on('line', (line) => {
    output += `${line}\n`
    if (line.startsWith('{')) lines.push(JSON.parse(line))
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk
    output += chunk
  })
  return {
    ...{ process: child, lines },
    get output() {
      return output
    },
    get errors() {
      return errors
    },
    // `close`, not `exit`: by then all it wrote is here.
    exited: once(child, 'close').then(([code]) => code as number | null),
    logged: (message, timeoutMs) =>
      until(`the worker to log "${message}"`, () => lines.find(({ msg }) => msg === message), timeoutMs),
    kill: (signal) => void child.kill(signal),
  }
}

/** Starts a worker and waits until it is ready. */
export async function startWorker(databaseUrl: string, env: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = spawnWorker({ DATABASE_URL: databaseUrl, ...env })
  await Promise.race([
    worker.logged('ready', 20_000),
    worker.exited.then((code) => {
      throw new Error(`The worker ended with ${code} before it was ready: ${worker.output}`)
    }),
  ])
  return worker
}
