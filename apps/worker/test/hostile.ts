import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

/** A receiver that misbehaves, and what an attempt to it is recorded as. */
export interface Hostile {
  name: string
  /** Speaks to one connection. */
  serve(socket: Socket): void
  outcome: 'succeeded' | 'rejected' | 'timed_out' | 'unreachable'
  status: number | null
  error: RegExp | null
  /** Whether it holds an attempt until its timeout; otherwise the attempt ends before that. */
  holds: boolean
  /** What it is called with, where that matters. */
  scheme?: 'https'
  payload?: string
  /** Whether an attempt may also time out: a hundred that pour all they can are too busy to serve each. */
  mayTimeOut?: true
  /** Whether its connection may be kept for another request. They come last. */
  keeps?: true
}

type End = Pick<Hostile, 'outcome' | 'status' | 'error' | 'holds'>
const timedOut: End = { outcome: 'timed_out', status: null, error: /^ETIMEDOUT$/, holds: true }
const succeeded: End = { outcome: 'succeeded', status: 200, error: null, holds: false }
const broken = (error: RegExp): End => ({ outcome: 'unreachable', status: null, error, holds: false })
const reset = broken(/^ECONNRESET$/)
const notHttp = broken(/^HPE_[A-Z_]+$/)
const tooMuchInterim = { ...broken(/^ERR_TOO_MANY_INTERIM$/), mayTimeOut: true as const }
const tooLong = broken(/^HPE_HEADER_OVERFLOW$/)

const OK = 'HTTP/1.1 200 OK\r\n'
const LONG = `${OK}content-length: 1000000000\r\n\r\n`

const silent = (socket: Socket) => void socket.resume()
/** Once the request's first bytes are here. */
const asked = (then: (socket: Socket) => void) => (socket: Socket) => {
  socket.once('data', () => then(socket))
}
const says = (...texts: (string | Buffer)[]) =>
  asked((socket) => {
    for (const text of texts) socket.write(text)
  })

/** Says something now and then, for as long as the connection lasts. */
const drips = (begin: string, drop: string) =>
  asked((socket) => {
    socket.write(begin + drop)
    const timer = setInterval(() => socket.write(drop), 1_000)
    socket.on('close', () => clearInterval(timer))
  })

/** As much of `chunk` as the other side takes, `most` bytes in all. */
const pours = (begin: string, chunk: string | Buffer, most = Number.POSITIVE_INFINITY) =>
  asked((socket) => {
    let left = most
    const pour = () => {
      while (!socket.destroyed && left > 0) {
        left -= chunk.length
        if (!socket.write(chunk)) return
      }
    }
    socket.on('drain', pour)
    socket.write(begin)
    pour()
  })

const ends = (text: string, how: 'end' | 'resetAndDestroy') =>
  asked((socket) => {
    if (text) socket.write(text, () => setImmediate(() => socket[how]()))
    else socket[how]()
  })

const zeros = Buffer.alloc(65_536)
const times = (count: number, text: (n: number) => string) => Array.from({ length: count }, (_, n) => text(n)).join('')

export const hostiles: readonly Hostile[] = [
  { name: 'never answers', serve: silent, ...timedOut },
  { name: 'never answers a TLS handshake', serve: silent, scheme: 'https', ...timedOut },
  { name: 'sends its headers one byte a second', serve: drips(OK, 'x'), ...timedOut },
  { name: 'sends its status line one byte a second', serve: drips('HTTP/1.1 200 ', 'O'), ...timedOut },
  { name: 'sends its body one byte a second', serve: drips(LONG, '.'), ...succeeded, holds: true },
  {
    name: 'refuses, and sends the body one byte a second',
    serve: drips(LONG.replace('200', '500'), '.'),
    ...{ outcome: 'rejected', status: 500, error: null, holds: true },
  },
  { name: 'sends a gigabyte', serve: pours(LONG, zeros, 1e9), ...succeeded },
  {
    name: 'sends chunks without end',
    serve: pours(`${OK}transfer-encoding: chunked\r\n\r\n`, `10000\r\n${'x'.repeat(65_536)}\r\n`),
    ...succeeded,
  },
  { name: 'sends a body without a length and without end', serve: pours(`${OK}\r\n`, zeros), ...succeeded },
  {
    name: 'sends a gzip bomb',
    // 64 MB in 64 KB, again and again.
    serve: pours(`${OK}content-encoding: gzip\r\n\r\n`, gzipSync(Buffer.alloc(64e6))),
    ...succeeded,
  },
  { name: 'resets each connection', serve: (socket) => socket.resetAndDestroy(), ...reset },
  { name: 'resets after the request', serve: ends('', 'resetAndDestroy'), ...reset },
  { name: 'resets in the head', serve: ends(`${OK}x: `, 'resetAndDestroy'), ...reset },
  { name: 'resets after the head', serve: ends(LONG, 'resetAndDestroy'), ...succeeded },
  { name: 'closes without a word', serve: ends('', 'end'), ...reset },
  { name: 'closes in the head', serve: ends(`${OK}x: `, 'end'), ...broken(/^(ECONNRESET|HPE_\w+)$/) },
  { name: 'closes in the body', serve: ends(`${LONG}half`, 'end'), ...succeeded },
  { name: 'sends chunks that are none', serve: says(`${OK}transfer-encoding: chunked\r\n\r\nzz\r\n`), ...succeeded },
  {
    name: 'sends a chunk of an impossible length',
    serve: says(`${OK}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n`),
    ...succeeded,
  },
  {
    name: 'sends a megabyte of trailers',
    serve: says(`${OK}transfer-encoding: chunked\r\n\r\n0\r\n${times(40_000, (n) => `x-${n}: ${'y'.repeat(20)}\r\n`)}`),
    ...succeeded,
  },
  { name: 'sends 10,000 headers', serve: says(`${OK}${times(10_000, (n) => `x-${n}: y\r\n`)}\r\n`), ...tooLong },
  { name: 'sends a header of a megabyte', serve: says(`${OK}x: ${'y'.repeat(1e6)}\r\n\r\n`), ...tooLong },
  { name: 'sends headers without end', serve: pours(OK, `x: ${'y'.repeat(1_000)}\r\n`), ...tooLong },
  { name: 'sends a huge status line', serve: says(`HTTP/1.1 200 ${'O'.repeat(1e6)}\r\n\r\n`), ...tooLong },
  { name: 'gives two lengths', serve: says(`${OK}content-length: 2\r\ncontent-length: 3\r\n\r\nok`), ...notHttp },
  {
    name: 'gives a length and chunks',
    serve: says(`${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
    ...notHttp,
  },
  { name: 'gives a negative length', serve: says(`${OK}content-length: -1\r\n\r\n`), ...notHttp },
  { name: 'gives a header with a NUL', serve: says(`${OK}x: a\0b\r\n\r\n`), ...notHttp },
  { name: 'gives a status of four digits', serve: says('HTTP/1.1 2000 OK\r\n\r\n'), ...notHttp },
  {
    name: 'switches protocols',
    serve: says('HTTP/1.1 101 No\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    ...{ outcome: 'rejected', status: 101, error: null, holds: false },
  },
  {
    name: 'says continue without end',
    serve: pours(
      '',
      times(100, () => 'HTTP/1.1 100 Continue\r\n\r\n'),
    ),
    ...tooMuchInterim,
  },
  {
    name: 'gives early hints without end',
    serve: pours(
      '',
      times(50, (n) => `HTTP/1.1 103 Early Hints\r\nlink: <${n}>; rel=x\r\n\r\n`),
    ),
    ...tooMuchInterim,
  },
  { name: 'says continue now and then', serve: drips('', 'HTTP/1.1 100 Continue\r\n\r\n'), ...timedOut },
  { name: 'speaks another protocol', serve: says('SSH-2.0-OpenSSH_9.6\r\n\r\n'), ...notHttp },
  { name: 'speaks before it is asked', serve: (socket) => void socket.write('220 mail.example ESMTP\r\n'), ...notHttp },
  {
    name: 'sends noise',
    serve: says(Buffer.from(times(4_096, (n) => String.fromCharCode((n * 7_919) % 256)))),
    ...notHttp,
  },
  { name: 'speaks HTTP/0.9', serve: ends('<html>hello</html>', 'end'), ...notHttp },
  {
    name: 'speaks plain text where TLS is expected',
    serve: says('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ...{ scheme: 'https', ...broken(/^(ERR_SSL_\w+|EPROTO)$/) },
  },
  {
    name: 'answers without reading the request',
    serve: asked((socket) => socket.pause().write(`${OK}content-length: 2\r\n\r\nok`)),
    payload: JSON.stringify({ x: 'y'.repeat(250_000) }),
    keeps: true,
    ...succeeded,
  },
  {
    name: 'answers before it is asked',
    serve: (socket) => void socket.write(`${OK}content-length: 2\r\n\r\nok`),
    keeps: true,
    ...succeeded,
  },
  {
    name: 'says continue, and then answers',
    serve: says('HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 102 Processing\r\n\r\n', `${OK}content-length: 0\r\n\r\n`),
    keeps: true,
    ...succeeded,
  },
]
