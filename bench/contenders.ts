// Who takes part in the herd: each is started anew for each run, on a database of its own.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Arena } from './arena.ts'
import { startFleet } from './fleet.ts'
import { insertOnceJobs } from './jobs.ts'
import type { Style } from './peers/deliver.ts'
import { makeItems } from './peers/item.ts'
import { type PeerName, peers } from './peers/peer.ts'
import type { RawLoad } from './peers/process.ts'
import { startRedis } from './redis.ts'

/** Deliveries that each worker process may have in flight. */
const CONCURRENCY = 100

export interface Contender {
  name: string
  start(arena: Arena): Promise<Started>
}

/** A contender whose workers wait for something to do. */
export interface Started {
  /** Its worker processes. */
  pids: number[]
  /** The process of its database server; 0 when it has none. */
  serverPid: number
  insert(count: number, due: Date, url: string): Promise<void>
  stop(): Promise<void>
}

/** The service itself, with the ledger written. */
export function ours(workers: number): Contender {
  return {
    name: `ours, ${workers === 1 ? '1 worker' : `${workers} workers`}`,
    async start(arena) {
      // All of the herd goes to one destination.
      const { DESTINATION_CONCURRENCY = String(CONCURRENCY) } = process.env
      const url = await arena.createOurs('bench_ours')
      const fleet = await startFleet(url, workers, { WORKER_CONCURRENCY: String(CONCURRENCY), DESTINATION_CONCURRENCY })
      return {
        pids: fleet.workers.map((it) => it.process.pid ?? 0),
        serverPid: arena.serverPid(),
        insert: (count, due, callbackUrl) => insertOnceJobs(fleet.pool, count, due, callbackUrl),
        async stop() {
          await fleet.stop()
          await arena.drop('bench_ours')
        },
      }
    },
  }
}

/** A peer that keeps its items in Postgres; `adjust` is done to its database before its workers connect. */
export function onPostgres(
  name: string,
  peer: PeerName,
  style: Style,
  workers: number,
  adjust?: (arena: Arena, database: string) => Promise<void>,
): Contender {
  return {
    name,
    async start(arena) {
      const url = await arena.createEmpty('bench_peer')
      await adjust?.(arena, 'bench_peer')
      const started = await startPeer(peer, style, workers, url)
      const stop = async () => {
        await started.stop()
        await arena.drop('bench_peer')
      }
      return { ...started, serverPid: arena.serverPid(), stop }
    },
  }
}

/** A peer that keeps its items in a Redis of its own. */
export function onRedis(name: string, peer: PeerName, style: Style, workers: number, appendOnly = false): Contender {
  return {
    name,
    async start() {
      const redis = await startRedis(appendOnly)
      const started = await startPeer(peer, style, workers, redis.url)
      const stop = async () => {
        await started.stop()
        await redis.stop()
      }
      return { ...started, serverPid: redis.pid, stop }
    },
  }
}

/**
 * No queue: one process that sends what it holds in memory, which is the most that the client can do. With `seconds` each
 * item has a timer, that ends at a random moment of them.
 */
export function raw(name: string, style: Style, seconds = 0): Contender {
  return {
    name,
    async start() {
      const child = await startProcess('raw', style)
      return {
        ...{ pids: [child.pid ?? 0], serverPid: 0 },
        async insert(count, due, url) {
          const load: RawLoad = { count, due: due.getTime(), seconds, url }
          child.send(load)
        },
        stop: () => end(child),
      }
    },
  }
}

async function startPeer(name: PeerName, style: Style, workers: number, url: string) {
  const peer = await peers[name]()
  await peer.prepare(url)
  const children = await Promise.all(Array.from({ length: workers }, () => startProcess(name, style, url)))
  return {
    pids: children.map((it) => it.pid ?? 0),
    insert: (count: number, due: Date, callbackUrl: string) =>
      peer.insert(url, makeItems(count, due, callbackUrl), due),
    stop: async () => void (await Promise.all(children.map(end))),
  }
}

async function startProcess(name: string, style: Style, url = ''): Promise<ChildProcess> {
  const path = fileURLToPath(new URL('./peers/process.ts', import.meta.url))
  const child = fork(path, [name, style, String(CONCURRENCY)], {
    // graphile-worker logs each success unless told not to.
    env: { ...process.env, PEER_URL: url, NO_LOG_SUCCESS: '1' },
    stdio: ['ignore', 'pipe', process.env.TRIAL_LOG ? 'inherit' : 'ignore', 'ipc'],
  })
  // All of it is read: a pipe that nobody empties would stop the process.
  const said = Promise.withResolvers<void>()
  child.stdout?.on('data', (chunk: Buffer) => {
    if (String(chunk).includes('ready')) said.resolve()
  })
  child.once('exit', (code) => said.reject(new Error(`${name} ended with ${code} before it was ready`)))
  await said.promise
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
