import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { CALLBACK_TIMEOUT_MS, headOf, RESPONSE_HEAD_CHARS, RESPONSE_READ_BYTES } from '@scheduler/core/callback'
import type { Method } from '@scheduler/core/delivery'
import type { AttemptOutcome } from '@scheduler/core/execution'
import type { TargetPolicy } from '@scheduler/core/settings'
import { isSuccess } from '@scheduler/core/success'
import { badCidrs, checkTarget, METADATA_ADDRESSES } from '@scheduler/core/target'
import type { Timings } from '@scheduler/db/queries/settle'
import got, { type Got, type OptionsInit, RequestError, TimeoutError } from 'got'
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent'
import { guardedLookup, REFUSED } from './guarded-lookup.ts'
import { reasonOf } from './trouble.ts'

/** How one HTTP request ended. */
export interface Answer {
  outcome: Exclude<AttemptOutcome, 'abandoned'>
  /** HTTP status; null when no answer came. */
  status: number | null
  /** A short code; null for an answer. Never an address, a header or a body. */
  error: string | null
  /** The first characters of the answer's body; null when there was none. */
  head: string | null
  /** The answer's `Retry-After`, as it came. */
  retryAfter: string | undefined
  timings: Timings
}

export interface CallbackRequest {
  url: string
  /** POST where it is not given. */
  method?: Method | undefined
  /** Null for a method without one. */
  body: string | null
  headers: Record<string, string>
  /** How long it may take, ms; the client's own where it is not given. */
  timeoutMs?: number | undefined
  /** Statuses that are a success; 2xx where it is not given. */
  success?: readonly string[] | undefined
}

/** A request on its way; `abort` breaks it off, and the answer is then `null`. */
export interface Sending {
  answer: Promise<Answer | null>
  abort(): void
}

export interface CallbackClient {
  send(request: CallbackRequest): Sending
  close(): void
}

/**
 * got, set up once: streamed, no redirects, no retry of its own, and a lookup that refuses addresses the policy doesn't
 * allow at the moment of connecting, on what the name `resolve`d to.
 * @throws Error naming ranges of the policy that are no CIDR.
 */
export function createCallbackClient(
  policy: TargetPolicy,
  timeoutMs = CALLBACK_TIMEOUT_MS,
  resolve: typeof lookup = lookup,
): CallbackClient {
  const bad = badCidrs(policy.allowCidrs)
  if (bad.length > 0) throw new Error(`CALLBACK_ALLOW_CIDRS: ${bad.join(', ')} can't be allowed.`)
  const hasExceptions = policy.allowCidrs.length > 0 || policy.allowHosts.length > 0
  const agent = agents(policy.allowPrivate || hasExceptions, guardedLookup(policy, resolve))
  const http = client(agent, timeoutMs)

  return {
    send(request) {
      const url = URL.parse(request.url)
      if (!url) return { answer: Promise.resolve(failed('ERR_INVALID_URL')), abort() {} }
      // Node never looks up a literal address.
      if (checkTarget(url, policy)) return { answer: Promise.resolve(blocked()), abort() {} }
      return post(http, url, request)
    },
    close() {
      agent.http.destroy()
      agent.https.destroy()
    },
  }
}

/**
 * The agent's own filter is a second wall, without our ranges: it takes an address for allowed before it looks at those
 * to deny, and knows these in one notation only.
 */
function agents(allowPrivate: boolean, guarded: LookupFunction) {
  const options = {
    keepAlive: true,
    // Node's own default closes the oldest first; the latest is the one least likely to be closed by the other side.
    scheduling: 'lifo' as const,
    allowPrivateIPAddress: allowPrivate,
    allowMetaIPAddress: allowPrivate,
    denyIPAddressList: [...METADATA_ADDRESSES],
    lookup: guarded,
  }
  return { http: new RequestFilteringHttpAgent(options), https: new RequestFilteringHttpsAgent(options) }
}

function client(agent: ReturnType<typeof agents>, timeoutMs: number): Got {
  return got.extend({
    method: 'POST',
    agent,
    followRedirect: false,
    throwHttpErrors: false,
    retry: { limit: 0 },
    decompress: false,
    http2: false,
    timeout: { request: timeoutMs },
  })
}

function post(http: Got, url: URL, request: CallbackRequest): Sending {
  let aborted = false
  let current: { destroy(): void } | undefined
  const options = optionsOf(request)

  const once = async (): Promise<Answer | 'stale'> => {
    try {
      // What was checked is what is called: the URL is parsed once.
      const stream = http.stream(url, options)
      current = stream
      return await read(stream, request.success)
    } catch (error) {
      return failure(error)
    }
  }
  const send = async (): Promise<Answer | null> => {
    let answer = await once()
    // The other side closed an idle connection at the moment we took it: the request was not read. Node's documentation
    // asks for this one repetition, on another connection.
    if (answer === 'stale' && !aborted) answer = await once()
    if (aborted) return null
    return answer === 'stale' ? failed('ECONNRESET') : answer
  }
  return {
    answer: send(),
    abort() {
      aborted = true
      current?.destroy()
    },
  }
}

/** Only what differs from the client's own options: got merges them anew for each request. */
function optionsOf({ method, body, headers, timeoutMs }: CallbackRequest): OptionsInit & { isStream?: true } {
  const options: OptionsInit & { isStream?: true } = { headers }
  if (method !== undefined && method !== 'POST') options.method = method
  if (body !== null) options.body = body
  if (timeoutMs !== undefined) options.timeout = { request: timeoutMs }
  return options
}

type GotStream = ReturnType<Got['stream']>

/** Reads the status and the head of the body. Never rejects; `stale` when a kept connection turned out to be closed. */
function read(stream: GotStream, success?: readonly string[]): Promise<Answer | 'stale'> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    let status: number | null = null
    let retryAfter: string | undefined
    const timed = (answer: Answer): Answer => ({ ...answer, timings: timingsOf(stream, startedAt) })
    let size = 0
    const chunks: Buffer[] = []
    const done = () => {
      if (status === null) return
      const outcome = isSuccess(status, success) ? 'succeeded' : 'rejected'
      resolve(timed({ outcome, status, error: null, head: headOfBody(chunks), retryAfter, timings: NO_TIMINGS }))
    }
    stream.on('response', (response: { statusCode: number; headers: Record<string, unknown> }) => {
      status = response.statusCode
      const given = response.headers['retry-after']
      if (typeof given === 'string') retryAfter = given
    })
    stream.on('data', (chunk: Buffer) => {
      if (size < RESPONSE_HEAD_CHARS * 4) chunks.push(chunk)
      size += chunk.length
      if (size > RESPONSE_READ_BYTES) stream.destroy()
    })
    stream.on('end', done)
    stream.on('close', () => {
      done()
      // Destroyed before it was answered; whoever did that doesn't wait for more.
      resolve(timed(failed('aborted')))
    })
    stream.on('error', (error: unknown) => {
      // The status line decides; a body that breaks off after it changes nothing.
      if (status !== null) done()
      else if (error instanceof RequestError && error.code === 'ECONNRESET' && stream.reusedSocket) resolve('stale')
      else resolve(timed(failure(error)))
    })
  })
}

function failure(error: unknown): Answer {
  if (error instanceof TimeoutError) return { ...failed('ETIMEDOUT'), outcome: 'timed_out' }
  // The agent's own filter has no code, only this sentence (which holds the address, so it is not passed on).
  const isBlocked = error instanceof RequestError && error.code === REFUSED
  if (isBlocked || /is not allowed\. Because/.test(reasonOf(error))) return blocked()
  return failed(error instanceof RequestError ? error.code.slice(0, 60) : 'ERR_UNKNOWN')
}

function failed(error: string): Answer {
  return { outcome: 'unreachable', status: null, error, head: null, retryAfter: undefined, timings: NO_TIMINGS }
}

function blocked(): Answer {
  return { ...failed('blocked_destination'), outcome: 'blocked' }
}

const NO_TIMINGS: Timings = { dns: null, connect: null, tls: null, firstByte: null, total: null }

function timingsOf(stream: GotStream, startedAt: number): Timings {
  const total = Math.round(performance.now() - startedAt)
  const phases = stream.timings?.phases
  if (!phases) return { ...NO_TIMINGS, total }
  const of = (ms: number | undefined) => (ms === undefined || stream.reusedSocket ? null : Math.round(ms))
  const firstByte = phases.firstByte === undefined ? null : Math.round(phases.firstByte)
  return { dns: of(phases.dns), connect: of(phases.tcp), tls: of(phases.tls), firstByte, total }
}

const headOfBody = (chunks: Buffer[]): string | null =>
  chunks.length === 0 ? null : headOf(Buffer.concat(chunks).toString('utf8'))
