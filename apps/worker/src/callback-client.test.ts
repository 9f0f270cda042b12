import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { RESPONSE_HEAD_CHARS, RESPONSE_READ_BYTES } from '@scheduler/core/callback'
import { test as base } from '@scheduler/db/test/database'
import { watchHoldUps } from '@scheduler/db/test/hold-ups'
import { afterEach, describe, expect, onTestFinished } from 'vitest'
import { deadPort, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { type CallbackClient, createCallbackClient } from './callback-client.ts'

const open = { allowPrivate: true, allowCidrs: [], allowHosts: [] }
const TIMEOUT_MS = 400

const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which fixtures are wanted
  .extend('receiver', async ({}, { onCleanup }) => {
    const receiver = await startReceiver()
    onCleanup(receiver.close)
    return receiver
  })
  // biome-ignore lint/correctness/noEmptyPattern: as above
  .extend('client', async ({}, { onCleanup }) => {
    const client = createCallbackClient(open, TIMEOUT_MS)
    onCleanup(() => client.close())
    return client
  })

const sent: { abort(): void }[] = []
afterEach(() => {
  for (const it of sent.splice(0)) it.abort()
})

function send(client: CallbackClient, url: string, body = '{}', headers: Record<string, string> = {}) {
  const sending = client.send({ url, body, headers: { 'user-agent': 'test', ...headers } })
  sent.push(sending)
  return sending.answer
}

/** A listener that speaks no HTTP by itself. */
async function listen(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** Answers each request's first bytes with `text`, and leaves the connection open. */
const speaks = (text: string) => listen((socket) => socket.once('data', () => socket.write(text)))

function resetIn(ms: number, socket: Socket): void {
  setTimeout(() => socket.resetAndDestroy(), ms) // allowed: how late the receiver is, is what it is about
}

describe('what is sent', () => {
  test('the body goes out byte for byte, whatever it holds, with its length', async ({ client, receiver }) => {
    const bodies = [
      '{"b":1,"a":2,"a":3}',
      ' {"n":12345678901234567890}\n',
      '"\\u0000 é 😀 \u2028"',
      'x'.repeat(200_000),
      '0',
    ]
    for (const body of bodies) {
      expect(await send(client, receiver.origin, body)).toMatchObject({ outcome: 'succeeded', status: 200 })
      const arrival = receiver.arrivals.at(-1)
      expect(arrival?.body.equals(Buffer.from(body))).toBe(true)
      expect(arrival?.headers['content-length']).toBe(String(Buffer.byteLength(body)))
    }
  })

  test('the headers are those given; the client adds none but what HTTP needs', async ({ client, receiver }) => {
    const given = { 'content-type': 'application/json', 'webhook-id': 'w', 'x-scheduler-attempt': '1' }
    await send(client, `${receiver.origin}/path?query=1`, '{}', given)
    const { 'accept-encoding': encoding, ...rest } = receiver.arrivals[0]?.headers ?? {}
    expect(rest).toEqual({
      ...given,
      ...{ 'user-agent': 'test', host: `127.0.0.1:${receiver.port}`, 'content-length': '2', connection: 'keep-alive' },
    })
    expect(encoding, 'an answer is not decompressed, so none is asked for').toBeUndefined()
    expect(receiver.arrivals[0]?.path).toBe('/path?query=1')
  })
})

describe('what an answer means', () => {
  test.for([200, 201, 202, 204, 299])('%i succeeded, whatever its body', async (status, { client, receiver }) => {
    receiver.answer = (_, response) => response.writeHead(status).end(status === 204 ? '' : '{"error": "failed"')
    expect(await send(client, receiver.origin)).toMatchObject({ outcome: 'succeeded', status, error: null })
  })

  test.for([301, 302, 303, 307, 308])('%i is rejected and not followed', async (status, { client, receiver }) => {
    receiver.answer = (_, response) => response.writeHead(status, { location: '/elsewhere' }).end()
    expect(await send(client, receiver.origin)).toMatchObject({ outcome: 'rejected', status, error: null })
    expect(receiver.arrivals).toHaveLength(1)
  })

  test.for([304, 400, 401, 404, 408, 410, 429, 500, 502, 503])(
    '%i is rejected, at once and once, also when it asks to be tried again',
    async (status, { client, receiver }) => {
      receiver.answer = (_, response) => response.writeHead(status, { 'retry-after': '0' }).end('no')
      const head = status === 304 ? null : 'no'
      expect(await send(client, receiver.origin)).toMatchObject({ outcome: 'rejected', status, error: null, head })
      expect(receiver.arrivals).toHaveLength(1)
    },
  )

  test('the head of the body is text that the database takes: cut, no NUL, no broken UTF-8', async ({
    client,
    receiver,
    pool,
  }) => {
    const answers = [
      Buffer.from([0x00, 0x41, 0xff, 0xfe, 0xc3]),
      Buffer.from('😀'.repeat(RESPONSE_HEAD_CHARS)),
      Buffer.from(`a${'😀'.repeat(RESPONSE_HEAD_CHARS)}`),
      Buffer.alloc(RESPONSE_READ_BYTES / 2, 'x'),
    ]
    receiver.answer = (_, response) => response.end(answers[receiver.arrivals.length - 1])
    for (const _ of answers) {
      const head = (await send(client, receiver.origin))?.head ?? ''
      expect(head.length).toBeGreaterThan(0)
      expect(head.length).toBeLessThanOrEqual(RESPONSE_HEAD_CHARS)
      expect((await pool.query('select $1::text as head', [head])).rows).toEqual([{ head }])
    }
  })
})

describe('a receiver that misbehaves', () => {
  const timedOut = { outcome: 'timed_out', status: null, error: 'ETIMEDOUT', head: null }

  test.for([
    ['never answers', () => listen(() => {}), timedOut],
    ['sends a status line and then nothing', () => speaks('HTTP/1.1 200 OK\r\n'), timedOut],
    ['says 100 Continue and then nothing', () => speaks('HTTP/1.1 100 Continue\r\n\r\n'), timedOut],
    [
      'drips headers',
      () =>
        listen((socket) => {
          socket.write('HTTP/1.1 200 OK\r\n')
          const timer = setInterval(() => socket.write('x-drip: 1\r\n'), 20)
          socket.on('close', () => clearInterval(timer))
        }),
      timedOut,
    ],
    [
      'drips its body after a 2xx',
      () =>
        listen((socket) => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n')
          const timer = setInterval(() => socket.write('.'), 20)
          socket.on('close', () => clearInterval(timer))
        }),
      { outcome: 'succeeded', status: 200, error: null },
    ],
    [
      'stops in its body after a 5xx',
      () => speaks('HTTP/1.1 500 No\r\ncontent-length: 99\r\n\r\nhalf'),
      {
        ...{ outcome: 'rejected', status: 500, error: null, head: 'half' },
      },
    ],
  ] as const)('%s: the attempt ends at its timeout', async ([, start, expected], { client }) => {
    const url = await start()
    const startedAt = performance.now()
    expect(await send(client, url)).toMatchObject(expected)
    const tookMs = performance.now() - startedAt
    expect(tookMs).toBeGreaterThanOrEqual(TIMEOUT_MS - 20)
    expect(tookMs).toBeLessThan(TIMEOUT_MS + 1_000)
  })

  test.for<[string, () => Promise<string>, RegExp]>([
    ['refuses the connection', async () => `http://127.0.0.1:${await deadPort()}/`, /^ECONNREFUSED$/],
    ['resets it', () => listen((socket) => socket.resetAndDestroy()), /^ECONNRESET$/],
    ['closes it without an answer', () => listen((socket) => socket.once('data', () => socket.end())), /^ECONNRESET$/],
    ['answers something that is not HTTP', () => speaks('SSH-2.0-OpenSSH_9.6\r\n\r\n'), /^HPE_[A-Z_]+$/],
    ['sends a megabyte of headers', () => speaks(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1e6)}\r\n\r\n`), /^HPE_[A-Z_]+$/],
    ['has a name that does not resolve', async () => 'http://nobody.invalid/', /^(ENOTFOUND|EAI_AGAIN)$/],
    ['has a URL that is none', async () => 'http://', /^ERR_INVALID_URL$/],
  ])('%s: unreachable, with a short code and nothing else', async ([, start, code], { client }) => {
    const answer = await send(client, await start(), '{}', { authorization: 'Bearer SECRET' })
    expect(answer).toMatchObject({
      outcome: 'unreachable',
      status: null,
      error: expect.stringMatching(code),
      head: null,
    })
  })

  test('an endless body is left at the cap, and costs no memory', async ({ receiver }) => {
    const client = createCallbackClient(open, 10_000)
    onTestFinished(() => client.close())
    const chunk = Buffer.alloc(16_384, 'x')
    let written = 0
    receiver.answer = (_, response) => {
      const pour = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length
      }
      response.on('drain', pour)
      pour()
    }
    const before = process.memoryUsage().rss
    for (let n = 0; n < 20; n += 1) {
      const answer = await send(client, receiver.origin)
      expect(answer).toMatchObject({ outcome: 'succeeded', status: 200, head: 'x'.repeat(RESPONSE_HEAD_CHARS) })
    }
    await until('the connections to be given up', () => receiver.open === 0)
    expect(written / 20, 'bytes that each could be made to take').toBeLessThan(8e6)
    expect(process.memoryUsage().rss - before).toBeLessThan(64e6)
  })
})

describe('connections', () => {
  test('callbacks one after another share one connection', async ({ client, receiver }) => {
    for (let n = 0; n < 20; n += 1) await send(client, receiver.origin)
    expect([receiver.arrivals.length, receiver.connections]).toEqual([20, 1])
  })

  test('one that the receiver closed as we took it costs one repetition on a fresh one, and no failure', async ({
    client,
  }) => {
    let connections = 0
    let requests = 0
    const url = await listen((socket) => {
      connections += 1
      let onThis = 0
      socket.on('data', () => {
        requests += 1
        onThis += 1
        if (onThis > 1) socket.resetAndDestroy()
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      })
    })
    for (let n = 0; n < 3; n += 1) expect(await send(client, url)).toMatchObject({ outcome: 'succeeded' })
    expect([connections, requests]).toEqual([3, 5])
  })

  test('a kept one that is reset late has read the request: it is not repeated', async ({ receiver }) => {
    const client = createCallbackClient(open, 5_000)
    onTestFinished(() => client.close())
    await send(client, receiver.origin)
    receiver.answer = (_, __, { socket }) => resetIn(1_100, socket)
    const answer = await send(client, receiver.origin)
    expect(answer).toMatchObject({ outcome: 'unreachable', error: 'ECONNRESET' })
    expect(answer?.timings.total).toBeGreaterThan(1_000)
    expect(receiver.arrivals).toHaveLength(2)
  })

  test('what is repeated has what is left of the timeout', async ({ receiver }) => {
    const client = createCallbackClient(open, 2_000)
    onTestFinished(() => client.close())
    await send(client, receiver.origin)
    receiver.answer = (_, __, request) => {
      if (receiver.arrivals.length === 2) resetIn(500, request.socket)
    }
    const [holdUps, startedAt] = [watchHoldUps(), performance.now()]
    expect(await send(client, receiver.origin)).toMatchObject({ outcome: 'timed_out' })
    expect(performance.now() - startedAt).toBeLessThan(2_400 + holdUps.longestMs())
    expect(receiver.arrivals).toHaveLength(3)
  })

  test('a fresh one that is reset is not repeated', async ({ client }) => {
    let connections = 0
    const url = await listen((socket) => {
      connections += 1
      socket.once('data', () => socket.resetAndDestroy())
    })
    expect(await send(client, url)).toMatchObject({ outcome: 'unreachable', error: 'ECONNRESET' })
    expect(connections).toBe(1)
  })

  test('abort breaks an attempt off: its connection is closed, and there is no answer', async ({ receiver }) => {
    const client = createCallbackClient(open, 60_000)
    onTestFinished(() => client.close())
    receiver.answer = () => {}
    const sending = client.send({ url: receiver.origin, body: '{}', headers: {} })
    await until('the request', () => receiver.open === 1)
    sending.abort()
    expect(await sending.answer).toBeNull()
    await until('the connection to close', () => receiver.open === 0)
    expect(receiver.arrivals).toHaveLength(1)
  })

  test('close ends the connections that are kept', async ({ receiver }) => {
    const client = createCallbackClient(open)
    const closed = Promise.withResolvers<void>()
    receiver.answer = (_, response, request) => {
      request.socket.once('close', () => closed.resolve())
      response.end()
    }
    await send(client, receiver.origin)
    client.close()
    await closed.promise
  })
})
