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
  const [{ receivers }] = (await once(child, 'message')) as [{ receivers: { name: string; url: string }[] }]
  return {
    urlOf: ({ name }) => receivers.find((it) => it.name === name)?.url ?? '',
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
