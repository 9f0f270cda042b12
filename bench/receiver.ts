// A receiver in a process of its own: it does the timing, so that a busy sender can't flatter itself.
// argv: port (0 for any), how many ports. Prints `ready <port> …` and then nothing; GET /log gives what arrived as JSON
// lines, DELETE /log forgets it too.
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

export interface Arrival {
  id: string
  job: string
  scheduledFor: number
  attempt: number
  /** Wall clock, ms since 1970, when the request's head had arrived. */
  at: number
  /** When it was answered, or its connection was closed before; null while neither has happened. */
  endedAt: number | null
  path: string
  /** What it was answered. */
  status: number | null
  port: number
  /** Until when it was asked not to come again, ms since 1970; null when it was not. */
  awayUntil: number | null
  /** When it was sent, by its `webhook-timestamp`, which is in whole seconds; ms since 1970. */
  stampedAt?: number
}

/** How long `Retry-After` asks for, seconds. */
const AWAY_SECONDS = 2

/** Of the log, in one turn of the event loop. */
const AT_A_TIME = 500

const arrivals: Arrival[] = []
const now = () => performance.timeOrigin + performance.now()
/** As the query asks: `status`; or `up` and `down`: so many seconds 200, then so many 503, and again, by the wall clock. */
function statusOf(query: URLSearchParams): number {
  const [up, down] = [Number(query.get('up') ?? 0), Number(query.get('down') ?? 0)]
  if (down > 0) return (Date.now() / 1_000) % (up + down) < up ? 200 : 503
  return Number(query.get('status') ?? 200)
}

/** Answers with a failure of that kind. Returns until when it asks to be left alone. */
function fail(how: string, response: ServerResponse): number | null {
  if (how === 'reset') {
    response.socket?.resetAndDestroy()
    return null
  }
  const [status, after] = how.split('-')
  const seconds = Math.ceil(now() / 1_000) + AWAY_SECONDS
  if (after === 'seconds') response.setHeader('retry-after', AWAY_SECONDS)
  if (after === 'date') response.setHeader('retry-after', new Date(seconds * 1_000).toUTCString())
  response.writeHead(Number(status)).end()
  return after === 'date' ? seconds * 1_000 : after === 'seconds' ? now() + AWAY_SECONDS * 1_000 : null
}

/** Some at a time: what arrives meanwhile would be taken for late if it had to wait for all of them. */
async function* linesOf(them: Arrival[]) {
  for (let n = 0; n < them.length; n += AT_A_TIME) {
    if (n > 0) yield '\n'
    yield them
      .slice(n, n + AT_A_TIME)
      .map((it) => JSON.stringify(it))
      .join('\n')
    await turn()
  }
}

/**
 * Answers as the query of the callback URL asks: `delay` ms, and the status; or with a failure of the kind `how` until the
 * attempt after `fails`: `500`, `503-seconds` and `503-date` with a Retry-After, `reset`.
 */
const receive: RequestListener = (request, response) => {
  const at = now()
  const url = new URL(request.url ?? '/', 'http://receiver')
  if ((request.method === 'GET' || request.method === 'DELETE') && url.pathname === '/log') {
    const told = request.method === 'DELETE' ? arrivals.splice(0) : [...arrivals]
    Readable.from(linesOf(told)).pipe(response)
    return
  }
  if (request.method === 'GET' && url.pathname === '/count') {
    response.end(String(arrivals.length))
    return
  }
  const header = (name: string) => String(request.headers[name] ?? '')
  const arrival: Arrival = {
    id: header('webhook-id'),
    job: header('x-scheduler-job-id'),
    scheduledFor: Date.parse(header('x-scheduler-scheduled-for')),
    attempt: Number(header('x-scheduler-attempt')),
    at,
    endedAt: null,
    path: url.pathname,
    status: null,
    port: request.socket.localPort ?? 0,
    awayUntil: null,
    stampedAt: Number(header('webhook-timestamp')) * 1_000,
  }
  arrivals.push(arrival)
  response.on('close', () => {
    arrival.endedAt ??= now()
  })
  const answer = () => {
    // Before the client can have the answer: its next request may be here by the time this one is closed.
    arrival.endedAt ??= now()
    if (arrival.attempt <= Number(url.searchParams.get('fails') ?? 0)) {
      arrival.awayUntil = fail(url.searchParams.get('how') ?? '500', response)
      return
    }
    response.statusCode = statusOf(url.searchParams)
    arrival.status = response.statusCode
    response.end('ok')
  }
  request.resume().on('end', () => {
    const delay = Number(url.searchParams.get('delay') ?? 0)
    if (delay > 0) setTimeout(answer, delay)
    else answer()
  })
}
const [, , port = 0, count = 1] = process.argv.map(Number)
const servers = Array.from({ length: count }, () => createServer(receive))
for (const it of servers) {
  it.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => it.listen(port, '127.0.0.1', resolve))
}
console.log(`ready ${servers.map((it) => (it.address() as AddressInfo).port).join(' ')}`)
process.on('disconnect', () => process.exit(0))
