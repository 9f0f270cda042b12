// The processes that the API bench starts besides those of the rig: what the API is held against, and the load.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cpuSeconds } from '../cpu.ts'
import type { Load, Order } from './load.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export interface Server {
  name: string
  origin: string
  pid: number
}

/** A bare server of a kind, see bare.ts; `bytes` is how much it adds to its answers. */
export async function startBare(
  kind: 'drizzle' | 'pg' | 'none',
  url: string,
  bytes: number,
): Promise<Server & { close(): void }> {
  const child = fork(here('./bare.ts'), [kind, String(bytes)], {
    env: { ...process.env, DATABASE_URL: url, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const origin = `http://127.0.0.1:${String(line).trim().split(' ')[1]}`
  return { name: kind, origin, pid: child.pid ?? 0, close: () => child.disconnect() }
}

export interface Loader {
  pid: number
  run(order: Order): Promise<Load>
  /** Ends what is being run before its time. */
  stop(): void
  close(): void
}

/** The process that makes the load. One order at a time. */
export function startLoader(): Loader {
  const child: ChildProcess = fork(here('./load.ts'), [], { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] })
  const lines = createInterface(child.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]()
  return {
    pid: child.pid ?? 0,
    async run(order) {
      child.stdin?.write(`${JSON.stringify(order)}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('the load has ended before its time')
      return JSON.parse(value) as Load
    },
    stop: () => void child.stdin?.write('stop\n'),
    close: () => child.kill(),
  }
}

/** One run of a load against one server. */
export interface Measured extends Load {
  /** Answers a second. */
  rate: number
  /** CPU of the server's process, and of the load's, for each answer, ms. */
  cpu: number
  loadCpu: number
}

/** @throws when an answer was none of success */
export async function measure(loader: Loader, server: Server, order: Omit<Order, 'origin'>): Promise<Measured> {
  const before = [cpuSeconds(server.pid), cpuSeconds(loader.pid)] as const
  const load = await loader.run({ ...order, origin: server.origin })
  const each = (pid: number, since: number) => ((cpuSeconds(pid) - since) * 1_000) / load.answered
  if (load.succeeded < load.answered || load.answered === 0) {
    throw new Error(`${server.name}: ${load.succeeded} of ${load.answered} answers were successes`)
  }
  return {
    ...load,
    rate: (load.answered / load.ms) * 1_000,
    cpu: each(server.pid, before[0]),
    loadCpu: each(loader.pid, before[1]),
  }
}
