// The processes of a trial or bench: receivers, and the service's own workers and API.
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Arrival } from './receiver.ts'
import { until } from './until.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export interface Receiver {
  origin: string
  /** All of them, where it listens on several ports. */
  origins: string[]
  count(): Promise<number>
  arrivals(): Promise<Arrival[]>
  /** What has arrived since the last time; it is forgotten. */
  take(): Promise<Arrival[]>
  close(): Promise<void>
}

/** A receiver process; the query of a callback URL says how it answers: `?delay=ms&status=500`. See receiver.ts. */
export async function startReceiver(port = 0, ports = 1): Promise<Receiver> {
  const child = fork(here('./receiver.ts'), [String(port), String(ports)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const [, ...open] = String(line).trim().split(' ')
  const origins = open.map((it) => `http://127.0.0.1:${it}`)
  const [origin = ''] = origins
  const log = async (method: string) => {
    const text = await (await fetch(`${origin}/log`, { method })).text()
    return text ? text.split('\n').map((it) => JSON.parse(it) as Arrival) : []
  }
  return {
    ...{ origin, origins },
    count: async () => Number(await (await fetch(`${origin}/count`)).text()),
    arrivals: () => log('GET'),
    take: () => log('DELETE'),
    close: async () => {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

export interface Worker {
  process: ChildProcess
  /** Signals it and resolves with its exit code, or null when it was killed. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts a worker process; its log goes to `logFile`, or where all go. */
export function startWorker(url: string, env: Record<string, string> = {}, logFile?: string): Worker {
  return startProcess('../apps/worker/src/main.ts', url, env, logFile)
}

/** Starts an API process without keys, and waits until it answers. */
export async function startApi(
  url: string,
  env: Record<string, string> = {},
  main = '../apps/api/src/main.ts',
): Promise<Worker & { origin: string }> {
  const port = await freePort()
  const api = startProcess(main, url, { ...env, PORT: String(port) })
  const origin = `http://127.0.0.1:${port}`
  try {
    await until(async () => (await fetch(`${origin}/health/ready`)).ok, 30_000, 'the API to start')
  } catch (error) {
    await api.end('SIGKILL')
    throw error
  }
  return { ...api, origin }
}

/** Its log goes to `logFile`, by default the file `TRIAL_LOG`, or nowhere. What `env` has wins, the database's URL too. */
export function startProcess(
  main: string,
  url: string,
  env: Record<string, string> = {},
  logFile = process.env.TRIAL_LOG,
): Worker {
  const out = logFile ? openSync(logFile, 'a') : 'ignore'
  const child = spawn(process.execPath, [here(main)], {
    env: { ...process.env, LOG_LEVEL: 'warn', DATABASE_URL: url, ...env },
    stdio: ['ignore', out, out === 'ignore' ? 'inherit' : out],
  })
  if (typeof out === 'number') closeSync(out)
  return {
    process: child,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill(signal)
      const [code] = (await once(child, 'exit')) as [number | null]
      return code
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
