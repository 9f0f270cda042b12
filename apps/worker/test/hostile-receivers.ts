import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Hostile } from './hostile.ts'

export interface HostileReceivers {
  urlOf(hostile: Hostile): string
  /** Connections that are open now. */
  open(): Promise<number>
  close(): Promise<void>
}

/** Starts one of each, all in one process. */
export async function startHostileReceivers(): Promise<HostileReceivers> {
  const child = fork(fileURLToPath(new URL('./hostile-process.ts', import.meta.url)), {
    stdio: ['ignore', 1, 2, 'ipc'],
  })
  const [{ ports }] = (await once(child, 'message')) as [{ ports: Record<string, number> }]
  return {
    urlOf: ({ name, scheme = 'http' }) => `${scheme}://127.0.0.1:${ports[name]}/`,
    async open() {
      child.send('open')
      const [said] = (await once(child, 'message')) as [{ open: number }]
      return said.open
    },
    async close() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
