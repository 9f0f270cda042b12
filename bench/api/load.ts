// The load, in a process of its own. It speaks HTTP over bare sockets with the request written out beforehand, so that it costs
// a fraction of any server that it asks. Stdin: one `Order` as JSON a line, or `stop` for the one under way; stdout: one `Load` for each.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

export interface Order {
  origin: string
  method: 'GET' | 'POST'
  path: string
  body?: string
  connections: number
  /** How long, ms; what is under way then still counts. Or else how many requests in all. */
  ms?: number
  requests?: number
  /** Between an answer and the next request of its connection, ms. */
  pauseMs?: number
}

export interface Load {
  answered: number
  /** Of the answers with a status of 200 to 299. */
  succeeded: number
  /** Of one answer's body. */
  bytes: number
  /** From the first request to the last answer, ms. */
  ms: number
  /** Of each answer, in no order. */
  latencies: number[]
}

interface Tally extends Load {
  more(): boolean
}

/** Sends on one connection, each request once the one before is answered. */
async function send(socket: Socket, request: Buffer, tally: Tally, pauseMs: number): Promise<void> {
  let since = 0
  let buffered: Buffer = Buffer.alloc(0)
  const done = Promise.withResolvers<void>()
  const next = () => {
    if (!tally.more()) return done.resolve()
    since = performance.now()
    socket.write(request)
  }
  socket.on('error', done.reject)
  socket.on('close', () => done.reject(new Error('the server closed a connection')))
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    const head = buffered.indexOf('\r\n\r\n')
    if (head < 0) return
    const text = buffered.toString('latin1', 0, head)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1])
    if (Number.isNaN(length)) return done.reject(new Error(`an answer of unknown length: ${text}`))
    if (buffered.length < head + 4 + length) return
    buffered = Buffer.alloc(0)
    tally.answered += 1
    if (text[9] === '2') tally.succeeded += 1
    tally.bytes = length
    tally.latencies.push(performance.now() - since)
    if (pauseMs > 0) setTimeout(next, pauseMs)
    else next()
  })
  next()
  await done.promise
}

let stopped = false

async function carryOut({
  origin,
  method,
  path,
  body,
  connections,
  ms,
  requests = Infinity,
  pauseMs = 0,
}: Order): Promise<Load> {
  const { hostname, port } = new URL(origin)
  const sent =
    body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
  const request = Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n${sent}\r\n${body ?? ''}`)
  const sockets = Array.from({ length: connections }, () => connect(Number(port), hostname).setNoDelay())
  await Promise.all(sockets.map((it) => once(it, 'connect')))
  const began = performance.now()
  let begun = 0
  stopped = false
  const isTime = () => !stopped && (ms === undefined || performance.now() - began < ms)
  const tally: Tally = {
    ...{ answered: 0, succeeded: 0, bytes: 0, ms: 0, latencies: [] },
    more: () => begun++ < requests && isTime(),
  }
  try {
    await Promise.all(sockets.map((it) => send(it, request, tally, pauseMs)))
  } finally {
    for (const it of sockets) it.removeAllListeners('close').destroy()
  }
  const { more: _more, ...load } = tally
  return { ...load, ms: performance.now() - began }
}

createInterface(process.stdin).on('line', async (line) => {
  if (line === 'stop') stopped = true
  else console.log(JSON.stringify(await carryOut(JSON.parse(line))))
})
