import type { ClientRequest } from 'node:http'
import { headOf, RESPONSE_HEAD_CHARS, RESPONSE_READ_BYTES } from '@scheduler/core/callback'
import type { AttemptOutcome } from '@scheduler/core/execution'
import { isSuccess } from '@scheduler/core/success'
import type { Timings } from '@scheduler/db/queries/settle'
import { type Got, RequestError, TimeoutError } from 'got'
import { REFUSED } from './guarded-lookup.ts'
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

/** Answers that say that the answer is still to come (1xx) of one request. */
const MOST_INTERIM = 32

type GotStream = ReturnType<Got['stream']>

/** Reads the status and the head of the body. Never rejects; `stale` when a kept connection turned out to be closed. */
export function readAnswer(stream: GotStream, success?: readonly string[]): Promise<Answer | 'stale'> {
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
    let broken = failed('aborted')
    let interim = 0
    stream.on('request', (request: ClientRequest) => {
      // A hundred receivers that send nothing else, as fast as they can, would keep the worker from all its other work.
      request.on('information', () => {
        interim += 1
        if (interim !== MOST_INTERIM) return
        broken = failed('ERR_TOO_MANY_INTERIM')
        stream.destroy()
      })
      // A connection that the other side takes for something else is nobody's any more: nothing but this would close it.
      request.on('upgrade', (response, socket) => {
        status = response.statusCode ?? null
        socket.destroy()
        stream.destroy()
      })
    })
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
      // Destroyed before it was answered; whoever did that from outside doesn't wait for more.
      resolve(timed(broken))
    })
    stream.on('error', (error: unknown) => {
      // The status line decides; a body that breaks off after it changes nothing.
      if (status !== null) done()
      else if (error instanceof RequestError && error.code === 'ECONNRESET' && stream.reusedSocket) resolve('stale')
      else resolve(timed(failure(error)))
    })
  })
}

export function failure(error: unknown): Answer {
  if (error instanceof TimeoutError) return { ...failed('ETIMEDOUT'), outcome: 'timed_out' }
  // The agent's own filter has no code, only this sentence (which holds the address, so it is not passed on).
  const isBlocked = error instanceof RequestError && error.code === REFUSED
  if (isBlocked || /is not allowed\. Because/.test(reasonOf(error))) return blocked()
  return failed(error instanceof RequestError ? error.code.slice(0, 60) : 'ERR_UNKNOWN')
}

export function failed(error: string): Answer {
  return { outcome: 'unreachable', status: null, error, head: null, retryAfter: undefined, timings: NO_TIMINGS }
}

export function blocked(): Answer {
  return { ...failed('blocked_destination'), outcome: 'blocked' }
}

const NO_TIMINGS: Timings = { dns: null, connect: null, tls: null, firstByte: null, total: null }

function timingsOf(stream: GotStream, startedAt: number): Timings {
  const total = Math.round(performance.now() - startedAt)
  const { timings } = stream
  if (!timings) return { ...NO_TIMINGS, total }
  const { socket, lookup, response, phases } = timings
  // They are differences of wall clock times, which may be set back meanwhile.
  const known = (ms: number | undefined) => (ms === undefined ? null : Math.max(0, Math.round(ms)))
  const of = (ms: number | undefined) => (stream.reusedSocket ? null : known(ms))
  // Of a connection that was there within the millisecond got says that its name was not looked up.
  const dns = lookup === undefined || socket === undefined ? undefined : lookup - socket
  // An answer that came before all of the request was sent has no such phase: it took no time.
  const firstByte = phases.firstByte ?? (response === undefined ? undefined : 0)
  return { dns: of(dns), connect: of(phases.tcp), tls: of(phases.tls), firstByte: known(firstByte), total }
}

const headOfBody = (chunks: Buffer[]): string | null =>
  chunks.length === 0 ? null : headOf(Buffer.concat(chunks).toString('utf8'))
