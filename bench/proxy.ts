// A way by TCP to a server, and what a network can do to it: delay, cut, go silent, reset, slow down, lose answers.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { openLink } from './link.ts'

/** What the network does, to what is open and to what will be. */
export interface Network {
  /** How long each byte takes, each way, ms; and up to how much longer, each piece by chance. */
  delayMs: number
  jitterMs: number
  /** Each way and for each connection; null for as many as come. */
  bytesPerSecond: number | null
  /** New connections are reset. Those that are open are left alone. */
  refuses: boolean
  /**
   * Passes nothing on and closes nothing: those that are open at that moment (`open`), or all (`all`). What is sent meanwhile arrives when it is
   * over, as it does where packets were lost and are sent again.
   */
  silent: 'none' | 'open' | 'all'
  /** Part of the answers, 0 to 1, that are lost: what was asked has been passed on, then the connection is reset. */
  losesAnswers: number
}

export const sound: Network = {
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: null,
  refuses: false,
  silent: 'none',
  losesAnswers: 0,
}

export interface Way {
  /** What was given, by this way. */
  url: string
  set(change: Partial<Network>): void
  /** Resets that part of the open connections, 0 to 1, at both ends. Returns how many. */
  reset(part?: number): number
  /** Closes all connections, and refuses new ones. */
  cut(): void
  /** How many connections it has ended by now while something was asked on them and not answered. */
  readonly unanswered: number
  /** Leads to another server from now on, and is sound. */
  lead(url: string): void
  close(): void
}

/** @param random from 0 to below 1, for what happens by chance */
export async function openWay(url: string, random: () => number = Math.random): Promise<Way> {
  let target = new URL(url)
  let network = sound
  const open = new Set<Connection>()
  let unanswered = 0
  const server = createServer({ noDelay: true }, (near) => {
    if (network.refuses) return void near.on('error', () => {}).resetAndDestroy()
    const far = connect({ port: portOf(target), host: target.hostname, noDelay: true })
    const connection = join(near, far, () => network, random)
    connection.onUnanswered = () => {
      unanswered += 1
    }
    open.add(connection)
    void connection.closed.then(() => open.delete(connection))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const way = new URL(url)
  way.hostname = '127.0.0.1'
  way.port = String((server.address() as AddressInfo).port)
  const set = (change: Partial<Network>) => {
    network = { ...network, ...change }
    if (change.silent) for (const it of open) it.hush(change.silent !== 'none')
  }
  const endAll = (how: 'reset' | 'close', part: number) => {
    const chosen = [...open].filter(() => random() < part)
    for (const it of chosen) it.end(how)
    return chosen.length
  }
  return {
    url: way.href,
    set,
    reset: (part = 1) => endAll('reset', part),
    get unanswered() {
      return unanswered
    },
    cut() {
      set({ refuses: true })
      endAll('close', 1)
    },
    lead(to) {
      target = new URL(to)
      set(sound)
    },
    close() {
      endAll('close', 1)
      server.close()
    },
  }
}

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol.startsWith('postgres') ? 5432 : 80))

interface Connection {
  /** While it is silent nothing gets through, no end either. */
  hush(silent: boolean): void
  end(how: 'reset' | 'close'): void
  closed: Promise<void>
  /** Told when it is ended with a question open. */
  onUnanswered: () => void
}

function join(near: Socket, far: Socket, network: () => Network, random: () => number): Connection {
  const sides = [near, far]
  // What comes first after something was asked answers it.
  let asked = false
  const connection: Connection = {
    hush: (silent) => links.forEach((it) => void it.hush(silent)),
    end(how) {
      if (asked) connection.onUnanswered()
      asked = false
      for (const it of sides) {
        if (how === 'reset') it.resetAndDestroy()
        else it.destroy()
      }
    },
    closed: Promise.all(sides.map(closedOf)).then(() => {}),
    onUnanswered: () => {},
  }
  const up = openLink(near, far, network, random, () => {
    asked = true
    return true
  })
  const down = openLink(far, near, network, random, () => {
    const isLost = asked && random() < network().losesAnswers
    if (isLost) connection.end('reset')
    asked = false
    return !isLost
  })
  const links = [up, down]
  // One that is opened while all are silent is silent too.
  if (network().silent === 'all') connection.hush(true)
  return connection
}

const closedOf = (it: Socket) => new Promise<void>((resolve) => it.on('close', () => resolve()))
