import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

export interface Proxy {
  /** The database's URL by way of the proxy. */
  url: string
  /** Breaks every connection and refuses new ones: a database that is down. */
  cut(): void
  /** Passes nothing on and closes nothing: a network that went silent. */
  freeze(): void
  restore(): void
  close(): Promise<void>
}

/** A TCP proxy before the database, so that one test can take the database away from its own workers only. */
export async function startProxy(databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl)
  const pairs = new Set<[Socket, Socket]>()
  let state: 'open' | 'cut' | 'frozen' = 'open'

  const server = createServer((near) => {
    near.on('error', () => {})
    if (state === 'cut') return void near.destroy()
    const far = connect(Number(target.port || 5432), target.hostname)
    far.on('error', () => {})
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    near.on('data', (chunk) => state !== 'frozen' && far.write(chunk))
    far.on('data', (chunk) => state !== 'frozen' && near.write(chunk))
    for (const [one, other] of [pair, [far, near]] as const) {
      one.on('close', () => {
        pairs.delete(pair)
        other.destroy()
      })
    }
  })
  const destroy = () => {
    for (const [near, far] of pairs) {
      near.destroy()
      far.destroy()
    }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    cut() {
      state = 'cut'
      destroy()
    },
    freeze() {
      state = 'frozen'
    },
    restore() {
      // What was swallowed is lost, so its connections are of no use any more.
      if (state === 'frozen') destroy()
      state = 'open'
    },
    async close() {
      destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
