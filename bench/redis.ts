import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './processes.ts'
import { until } from './until.ts'

export interface RedisServer {
  url: string
  pid: number
  stop(): Promise<void>
}

/** The version of the redis-server on the PATH; null when there is none. */
export function redisVersion(): string | null {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' })
  return /v=(\S+)/.exec(stdout ?? '')?.[1] ?? null
}

/** A Redis of our own: in memory only, or with an append-only file that is synced every second, as it comes. */
export async function startRedis(appendOnly: boolean): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-redis-'))
  const port = await freePort()
  const flags = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: appendOnly ? 'yes' : 'no' }
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  await until(() => answers(port), 10_000, 'Redis to start')
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGKILL')
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}
