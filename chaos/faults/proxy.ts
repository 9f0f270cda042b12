import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Dice } from '@scheduler/core/test/dice'
import { type Network, sound } from '../../bench/proxy.ts'

export type { Network }

/** What the proxy's process is told. */
export type Told = { do: 'set'; network: Partial<Network> } | { do: 'reset'; part: number } | { do: 'cut' | 'count' }

/** A network between two of ours, in a process of its own. */
export interface FaultyWay {
  /** What was given, by way of it. */
  url: string
  set(network: Partial<Network>): Promise<void>
  /** Closes what is open, and refuses what comes. */
  cut(): Promise<void>
  /** Resets that part of what is open. Returns how many connections. */
  reset(part?: number): Promise<number>
  /** How many connections it has ended by now while something was asked on them and not answered. */
  unanswered(): Promise<number>
  /** As if nothing had been. What was silent goes on with what it held. */
  heal(): Promise<void>
  close(): Promise<void>
}

/** Opens a way to `url`: that of a database, or the origin of a receiver. */
export async function startProxy(url: string, dice: Dice): Promise<FaultyWay> {
  const main = fileURLToPath(new URL('./proxy-process.ts', import.meta.url))
  const child = fork(main, [url, String(dice.int(0, 2 ** 31))], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [ready] = (await once(child, 'message')) as [{ url: string }]
  const waiting = new Map<number, (hit: number) => void>()
  child.on('message', ({ number, hit }: { number: number; hit: number }) => {
    waiting.get(number)?.(hit)
    waiting.delete(number)
  })
  let count = 0
  const tell = (told: Told) =>
    new Promise<number>((resolve) => {
      const number = ++count
      waiting.set(number, resolve)
      child.send({ number, told })
    })
  return {
    // An origin has no path, whatever URL makes of it.
    url: url.endsWith('/') ? ready.url : ready.url.replace(/\/$/, ''),
    set: async (network) => void (await tell({ do: 'set', network })),
    cut: async () => void (await tell({ do: 'cut' })),
    reset: (part = 1) => tell({ do: 'reset', part }),
    unanswered: () => tell({ do: 'count' }),
    heal: async () => void (await tell({ do: 'set', network: sound })),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.disconnect()
      await once(child, 'exit')
    },
  }
}
