import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findBinaries } from './binaries.ts'
import { DATABASE, openHome } from './home.ts'
import { ensureServer, stopServer } from './server.ts'

export { EmbeddedError } from './binaries.ts'

/** The first restart is at once; those that follow closely wait ever longer, up to this. */
const LONGEST_PAUSE_MS = 2000
/** A server that lived this long is taken as sound again. */
const SOUND_AFTER_MS = 30_000

export interface EmbeddedOptions {
  /** Holds all of it: data, password, log. Made when missing; kept between runs. */
  readonly dataDir: string
  /** Is told, in one line each, what a person may want to know. */
  readonly log: (line: string) => void
  /** PostgreSQL settings over ours, such as `throwaway`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Settings of a server whose data nobody will miss: faster, but its last commits are lost when it is killed. */
export const throwaway = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } as const

export interface Embedded {
  /** With the password in it. The same for as long as this process lives. */
  readonly url: string
  readonly port: number
  readonly dataDir: string
  /** Pid of the server that runs now; 0 between two. */
  pid(): number
  /** Ends supervision, and the server too unless another process that is still there started it. */
  stop(): Promise<void>
}

/**
 * A real PostgreSQL of our own on 127.0.0.1, supervised: when it dies it is started again on the same port and data.
 *
 * Several processes may share one `dataDir`; when the one that started the server leaves, another starts it again.
 * @throws EmbeddedError when it cannot be started at all.
 */
export async function startEmbedded({ dataDir, log, settings = {} }: EmbeddedOptions): Promise<Embedded> {
  const folder = resolve(dataDir)
  const binaries = findBinaries()
  const durable = settings.fsync !== 'off'
  const home = await openHome(folder, binaries, { durable, onInit: () => log(`making a database in ${folder}`) })
  const stopping = new AbortController()
  const { signal } = stopping
  const options = { dataDir: folder, home, binaries, settings, signal }
  let server = await ensureServer(options)
  let up = true
  const { port } = server

  /** Tries until the server runs again, or we stop. */
  const revive = async (pauseMs: number) => {
    log(`the database is gone, starting it again${pauseMs ? ` in ${pauseMs / 1000} s` : ''}`)
    await sleep(pauseMs, undefined, { signal })
    try {
      server = await ensureServer({ ...options, port })
      up = true
      log('the database is back')
    } catch (error) {
      if (!signal.aborted) log(error instanceof Error ? error.message : String(error))
    }
  }
  const supervise = async () => {
    for (let pauseMs = 0; !signal.aborted; ) {
      const since = Date.now()
      if (up) await server.exited
      up = false
      if (Date.now() - since > SOUND_AFTER_MS) pauseMs = 0
      if (!signal.aborted) await revive(pauseMs).catch(() => {}) // rejects only when woken to stop
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2 || 100)
    }
  }
  const supervision = supervise()

  return {
    url: `postgres://${DATABASE}:${home.password}@127.0.0.1:${port}/${DATABASE}`,
    port,
    dataDir: folder,
    pid: () => (up ? server.pid : 0),
    async stop() {
      stopping.abort()
      if (!up) await supervision // it may be starting one just now
      if (up && server.ours) await stopServer(server)
      await supervision
    },
  }
}
