import type { LookupAddress, lookup } from 'node:dns'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Listener {
  port: number
  /** Connections so far, and those that are open. */
  readonly connections: number
  readonly open: number
}

/** A listener on every address of this machine, IPv6 where there is any; it ends with the test. */
export async function listenEverywhere(onSocket: (socket: Socket) => void = () => {}): Promise<Listener> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)))
    onSocket(socket)
  })
  // Without a host: `::`, which takes IPv4 too, or `0.0.0.0`.
  await new Promise<void>((resolve) => server.listen(0, resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    get connections() {
      return connections
    },
    get open() {
      return sockets.size
    },
  }
}

/** A resolver that gives names the addresses that `of` says, after so many ms. */
export function resolver(of: (host: string) => readonly string[], delayMs?: number): typeof lookup {
  const resolve = (host: string, options: { all?: boolean }, callback: (...results: unknown[]) => void) => {
    const found = of(host).map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }))
    const answer = () => (options.all ? callback(null, found) : callback(null, found[0]?.address, found[0]?.family))
    if (delayMs === undefined) answer()
    else setTimeout(answer, delayMs)
  }
  return resolve as unknown as typeof lookup
}
