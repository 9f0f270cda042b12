import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Arrival {
  id: string
  attempt: number
  path: string
  headers: IncomingHttpHeaders
  /** As they came: names and values in turn. */
  rawHeaders: string[]
  body: Buffer
}

export type Answer = (arrival: Arrival, response: ServerResponse, request: IncomingMessage) => void

export interface Receiver {
  origin: string
  port: number
  arrivals: Arrival[]
  /** Connections so far. */
  readonly connections: number
  /** Requests that are not answered yet, and the most there ever were. */
  readonly open: number
  readonly mostOpen: number
  /** Those of one path. */
  of(path: string): Arrival[]
  /** How requests are answered from now on; at first with 200. */
  answer: Answer
  close(): Promise<void>
}

/** A real HTTP server on a free port of the loopback, which remembers what came. */
export async function startReceiver(answer: Answer = (_, response) => response.end('ok')): Promise<Receiver> {
  const arrivals: Arrival[] = []
  let connections = 0
  let open = 0
  let mostOpen = 0
  const server = createServer((request, response) => {
    open += 1
    mostOpen = Math.max(mostOpen, open)
    let isOpen = true
    const closed = () => {
      if (isOpen) open -= 1
      isOpen = false
    }
    // Not when it is sent: by then the client may have the answer, and its next request may be here.
    const end = response.end.bind(response) as (...given: unknown[]) => ServerResponse
    response.end = (...given: unknown[]) => {
      closed()
      return end(...given)
    }
    response.once('close', closed)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { headers, rawHeaders, url: path = '' } = request
      const attempt = Number(headers['x-scheduler-attempt'])
      const arrival = {
        id: String(headers['webhook-id']),
        ...{ attempt, path, headers, rawHeaders, body: Buffer.concat(chunks) },
      }
      arrivals.push(arrival)
      receiver.answer(arrival, response, request)
    })
    request.on('error', () => {})
  })
  server.on('connection', (socket) => {
    connections += 1
    socket.on('error', () => {})
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    ...{ origin: `http://127.0.0.1:${port}`, port, arrivals, answer },
    get connections() {
      return connections
    },
    get open() {
      return open
    },
    get mostOpen() {
      return mostOpen
    },
    of: (path) => arrivals.filter((it) => it.path === path),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}

/** Answers with 200, `ms` after the request. */
export function answerAfter(ms: number): Answer {
  return (_, response) => void setTimeout(() => response.end('ok'), ms)
}

/** Answers nothing until `release` is called, then everything with 200. */
export function holdBack(): { answer: Answer; release(): void } {
  const held: ServerResponse[] = []
  let released = false
  return {
    answer: (_, response) => (released ? void response.end('ok') : void held.push(response)),
    release() {
      released = true
      for (const response of held) response.end('ok')
    },
  }
}

/** A port of the loopback that nobody listens on. */
export async function deadPort(): Promise<number> {
  const { port, close } = await startReceiver()
  await close()
  return port
}
