// Sends requests of the fuzz: by node's client, or by the byte.
import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { readAnswers } from './read-answers.ts'
import type { FuzzAnswer, FuzzRequest, Wire } from './request.ts'

/** Longer than any answer may take: what has not come by then never will. */
const PATIENCE_MS = 10_000

/** A connection that is meant to stay open may be left after this; what is wrong with it shows at once. */
const WIRE_MS = 3_000

export interface Sender {
  /** What came; more than one answer where more than one was asked for, and none where the connection was closed. */
  send(request: FuzzRequest): Promise<FuzzAnswer[]>
  close(): void
}

export function sender(port: number): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  return {
    send: async (it) => (it.wire ? await sendBytes(port, it.wire) : [await sendUsual(port, agent, it)]),
    close: () => agent.destroy(),
  }
}

function sendUsual(port: number, agent: Agent, { method, target, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
  const since = performance.now()
  return new Promise((resolve, reject) => {
    const length = body ? { 'content-length': String(body.length) } : {}
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      agent,
      method,
      path: target,
      headers: { ...headers, ...length },
    })
    sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)))
    sent.on('error', reject)
    sent.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const given = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
        const text = Buffer.concat(parts).toString()
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(given),
          text,
          ms: performance.now() - since,
        })
      })
    })
    sent.end(body ?? undefined)
  })
}

function sendBytes(port: number, { pieces, after }: Wire): Promise<FuzzAnswer[]> {
  const since = performance.now()
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.setNoDelay(true)
    const timer = setTimeout(() => socket.destroy(), WIRE_MS)
    socket.on('data', (part: Buffer) => {
      parts.push(part)
      if (after === 'wait' && readAnswers(Buffer.concat(parts), 0).some((it) => it.status > 0)) socket.destroy()
    })
    socket.on('end', () => socket.end())
    // Being reset is an answer too, to what is no request.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(readAnswers(Buffer.concat(parts), performance.now() - since))
    })
    socket.on('connect', () => {
      for (const piece of pieces) socket.write(piece)
      if (after === 'end') socket.end()
      if (after === 'reset') socket.write('', () => socket.resetAndDestroy())
    })
  })
}
