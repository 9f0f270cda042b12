import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Program {
  /** As the log calls it. */
  readonly name: string
  readonly command: readonly [string, ...string[]]
  readonly env: NodeJS.ProcessEnv
  /** How long it may take to end after SIGTERM before it is killed, ms. */
  readonly graceMs: number
}

export interface Pauses {
  readonly firstMs: number
  readonly longestMs: number
  /** A process that lived this long is taken as sound: the next pause is the first again. */
  readonly soundAfterMs: number
}

export interface Supervised {
  /** Pid of the process that runs now, or `undefined` between two. */
  pid(): number | undefined
  /** How often it has ended by itself. */
  deaths(): number
  /** SIGTERM, then SIGKILL when its grace is over. Resolves once it is gone. */
  stop(): Promise<void>
  /** SIGKILL to it and all it started. */
  kill(): void
}

const usual: Pauses = { firstMs: 200, longestMs: 10_000, soundAfterMs: 30_000 }

/** Keeps one process running: when it ends by itself it is started again, after a pause that doubles each time. */
export function supervise(program: Program, log: (line: string) => void, pauses = usual): Supervised {
  const stopping = new AbortController()
  const { signal } = stopping
  let child: ChildProcess | undefined
  let deaths = 0

  const run = async () => {
    for (let pauseMs = pauses.firstMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, pauses.longestMs)) {
      const since = Date.now()
      child = launch(program)
      const how = await ended(child)
      child = undefined
      if (signal.aborted) return
      deaths += 1
      if (Date.now() - since > pauses.soundAfterMs) pauseMs = pauses.firstMs
      log(`${program.name} ended (${how}), starting it again in ${pauseMs / 1000} s`)
      await sleep(pauseMs, undefined, { signal }).catch(() => {}) // woken to stop
    }
  }
  const done = run()

  const kill = () => {
    if (child?.pid) signalGroup(child.pid, 'SIGKILL')
  }
  return {
    pid: () => child?.pid,
    deaths: () => deaths,
    async stop() {
      stopping.abort()
      child?.kill('SIGTERM')
      const timer = setTimeout(() => {
        log(`${program.name} did not end within ${program.graceMs / 1000} s, killing it`)
        kill()
      }, program.graceMs)
      await done
      clearTimeout(timer)
    },
    kill,
  }
}

function launch({ command: [file, ...args], env }: Program): ChildProcess {
  return spawn(file, args, {
    env,
    // Its own group, so that Ctrl-C in a terminal reaches it only by way of us, in order.
    detached: true,
    // The channel is how it learns that we were killed: it closes, and the child ends by itself.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

/** Resolves once it is gone, with how that came. */
function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => child.pid === undefined && resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
