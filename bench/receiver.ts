// A receiver in a process of its own: it does the timing, so that a busy sender can't flatter itself.
// argv: port (0 for any). Prints `ready <port>` and then nothing; GET /log gives what arrived as JSON lines.
import { createServer } from 'node:http'

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
}

const arrivals: Arrival[] = []
const now = () => performance.timeOrigin + performance.now()
/** As the query asks: `status`; or `up` and `down`: so many seconds 200, then so many 503, and again, by the wall clock. */
function statusOf(query: URLSearchParams): number {
  const [up, down] = [Number(query.get('up') ?? 0), Number(query.get('down') ?? 0)]
  if (down > 0) return (Date.now() / 1_000) % (up + down) < up ? 200 : 503
  return Number(query.get('status') ?? 200)
}

/** Answers as the query of the callback URL asks: `delay` ms, and the status. */
const server = createServer((request, response) => {
  const at = now()
  const url = new URL(request.url ?? '/', 'http://receiver')
  if (request.method === 'GET' && url.pathname === '/log') {
    response.end(arrivals.map((arrival) => JSON.stringify(arrival)).join('\n'))
    return
  }
  if (request.method === 'DELETE' && url.pathname === '/log') {
    arrivals.length = 0
    response.end()
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
  }
  arrivals.push(arrival)
  response.on('close', () => {
    arrival.endedAt ??= now()
  })
  const answer = () => {
    // Before the client can have the answer: its next request may be here by the time this one is closed.
    arrival.endedAt ??= now()
    response.statusCode = statusOf(url.searchParams)
    arrival.status = response.statusCode
    response.end('ok')
  }
  request.resume().on('end', () => {
    const delay = Number(url.searchParams.get('delay') ?? 0)
    if (delay > 0) setTimeout(answer, delay)
    else answer()
  })
})
server.keepAliveTimeout = 60_000
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const address = server.address()
  console.log(`ready ${typeof address === 'object' && address ? address.port : ''}`)
})
process.on('disconnect', () => process.exit(0))
