import { lookup } from 'node:dns'
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import { CALLBACK_TIMEOUT_MS } from '@scheduler/core/callback'
import type { Method } from '@scheduler/core/delivery'
import type { TargetPolicy } from '@scheduler/core/settings'
import { badCidrs, checkTarget, METADATA_ADDRESSES } from '@scheduler/core/target'
import got, { type Got, type OptionsInit } from 'got'
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent'
import { guardedLookup } from './guarded-lookup.ts'
import { type Answer, blocked, failed, failure, readAnswer } from './read-answer.ts'
import { sharedLookup } from './shared-lookup.ts'

export type { Answer } from './read-answer.ts'

/** Until when, ms from the start of a request, a reset says that its kept connection had been closed before it. */
const STALE_MS = 1_000

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

const always = () => true

/** A request on its way; the answer is `null` when it was broken off: by `abort`, or because it might not go any more. */
export interface Sending {
  answer: Promise<Answer | null>
  /** Whether it may have been sent, once there is an answer; false where it might not go. */
  wasSent(): boolean
  abort(): void
}

export interface CallbackClient {
  /** @param mayGo asked at the last moment before anything is put on the wire, which may be long after this call; by default it may */
  send(request: CallbackRequest, mayGo?: () => boolean): Sending
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
  const agent = agents(policy.allowPrivate || hasExceptions, guardedLookup(policy, sharedLookup(resolve)))
  const http = client(agent)

  return {
    send(request, mayGo = always) {
      const url = URL.parse(request.url)
      if (!url) return refusal(failed('ERR_INVALID_URL'))
      // Node never looks up a literal address.
      if (checkTarget(url, policy)) return refusal(blocked())
      return post(http, mayGo, url, { ...request, timeoutMs: request.timeoutMs ?? timeoutMs })
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

function client(agent: ReturnType<typeof agents>): Got {
  return got.extend({
    method: 'POST',
    agent,
    followRedirect: false,
    throwHttpErrors: false,
    retry: { limit: 0 },
    decompress: false,
    http2: false,
    request: plainRequest,
  })
}

/**
 * Node's own request with what this client sets, and no more: got hands over thirty options, which Node copies several times
 * for each request. A tenth of a request's CPU (ADR 0019).
 */
function plainRequest(
  url: URL,
  { method, headers, agent }: RequestOptions,
  callback?: (response: IncomingMessage) => void,
) {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  return send(url, { method, headers, agent }, callback)
}

const refusal = (answer: Answer): Sending => ({ answer: Promise.resolve(answer), wasSent: always, abort() {} })

function post(http: Got, mayGo: () => boolean, url: URL, request: CallbackRequest & { timeoutMs: number }): Sending {
  const startedAt = performance.now()
  const passedMs = () => Math.round(performance.now() - startedAt)
  let aborted = false
  let held = false
  let current: { destroy(): void } | undefined
  const abort = () => {
    aborted = true
    current?.destroy()
  }
  const check = () => {
    if (mayGo()) return
    held = true
    abort()
  }

  const once = async (timeoutMs: number): Promise<Answer | 'stale'> => {
    try {
      // What was checked is what is called: the URL is parsed once.
      const stream = http.stream(url, optionsOf(request, timeoutMs))
      current = stream
      stream.on('request', (it: ClientRequest) => askAtLast(it, check))
      return await readAnswer(stream, request.success)
    } catch (error) {
      return failure(error)
    }
  }
  const send = async (): Promise<Answer | null> => {
    let answer = await once(request.timeoutMs)
    // The other side closed an idle connection at the moment we took it: the request was not read. Node's documentation
    // asks for this one repetition, on another connection. A reset that comes later is no such case, and the attempt is
    // not to take longer than it may.
    if (answer === 'stale' && !aborted && passedMs() < STALE_MS) {
      answer = await once(Math.max(1, request.timeoutMs - passedMs()))
    }
    if (aborted) return null
    if (answer !== 'stale') return answer
    const reset = failed('ECONNRESET')
    return { ...reset, timings: { ...reset.timings, total: passedMs() } }
  }
  return { answer: send(), abort, wasSent: () => !held }
}

/** Asks before what has waited for the connection is written, in the same turn: a process may be stopped anywhere before. */
function askAtLast(request: ClientRequest, check: () => void): void {
  check()
  request.once('socket', (socket: Socket) => {
    if (!socket.connecting) return
    socket.prependOnceListener('connect', check)
    if ('encrypted' in socket) socket.prependOnceListener('secureConnect', check)
  })
}

/** Only what differs from the client's own options: got merges them anew for each request. */
function optionsOf({ method, body, headers }: CallbackRequest, timeoutMs: number): OptionsInit & { isStream?: true } {
  const options: OptionsInit & { isStream?: true } = { headers, timeout: { request: timeoutMs } }
  if (method !== undefined && method !== 'POST') options.method = method
  if (body !== null) options.body = body
  return options
}
