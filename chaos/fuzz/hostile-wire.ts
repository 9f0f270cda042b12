// Requests that no HTTP client would send: written by the byte onto a connection of their own.
import type { Maker } from './maker.ts'
import type { FuzzRequest, Wire } from './request.ts'

const CRLF = '\r\n'
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Head and body of a request as they are usual. */
function usual({ method, target, headers, body }: FuzzRequest, more: string[] = []): { head: string; body: Buffer } {
  const given = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const length = body && !more.some((it) => /^(content-length|transfer-encoding):/i.test(it))
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'host: 127.0.0.1',
    ...given,
    ...(length ? [`content-length: ${body.length}`] : []),
    ...more,
  ]
  return { head: lines.join(CRLF) + CRLF + CRLF, body: body ?? Buffer.alloc(0) }
}

/** The request as it is usual, in bytes. */
export const whole = (request: FuzzRequest, more: string[] = []): Buffer[] => {
  const { head, body } = usual(request, more)
  return [bytes(head), body]
}

type Way = (request: FuzzRequest, maker: Maker) => Wire

const wait = (pieces: Buffer[]): Wire => ({ pieces, after: 'wait' })

/** More length than there is body; the client then goes, politely or not. */
function cutOff(request: FuzzRequest, { dice }: Maker): Wire {
  const { head, body } = usual(request, [
    'content-type: application/json',
    `content-length: ${(request.body?.length ?? 0) + 100}`,
  ])
  return { pieces: [bytes(head), body], after: dice.pick(['end', 'reset']) }
}

function chunked(request: FuzzRequest, { dice }: Maker): Wire {
  const { head, body } = usual(request, ['transfer-encoding: chunked'])
  const middle = Math.floor(body.length / 2)
  const chunk = (part: Buffer) => Buffer.concat([bytes(`${part.length.toString(16)}${CRLF}`), part, bytes(CRLF)])
  const end = dice.pick([
    `0${CRLF}${CRLF}`,
    `0${CRLF}x-trailer: 1${CRLF}${CRLF}`,
    '',
    `zz${CRLF}`,
    `-1${CRLF}`,
    `ffffffffffffffffff${CRLF}`,
    `0;ext=${'x'.repeat(3_000)}${CRLF}${CRLF}`,
  ])
  return {
    pieces: [bytes(head), chunk(body.subarray(0, middle)), chunk(body.subarray(middle)), bytes(end)],
    after: dice.pick(['wait', 'end', 'reset']),
  }
}

/** What says in two ways how long the body is. */
const lengths = [
  ['content-length: 0', 'content-length: 5'],
  ['content-length: 5, 5'],
  ['content-length: abc'],
  ['content-length: -1'],
  ['content-length: 1e3'],
  ['content-length: 99999999999999999999'],
  ['content-length: 5', 'transfer-encoding: chunked'],
  ['transfer-encoding: chunked, identity'],
  ['transfer-encoding: xchunked'],
  ['transfer-encoding : chunked'],
  ['Transfer-Encoding: gzip'],
]

const headerLines = [
  'if-match: "1"\r\nx-injected: 1',
  'if-match: "1"\nx-injected: 1',
  'if-match: "\x00"',
  'idempotency-key: a\x7fb',
  'idempotency-key: one\r\nidempotency-key: two',
  'authorization: Bearer a\r\nauthorization: Bearer b',
  'authorization: Bearer \xff\xfe',
  'host: a\r\nhost: b',
  'x-folded: a\r\n b',
  ': no name',
  'no colon',
  'x y: space in the name',
  `x-long: ${'x'.repeat(100_000)}`,
  'connection: close, x-request-id',
  'upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: x\r\nsec-websocket-version: 13',
  'upgrade: h2c\r\nconnection: upgrade',
  'expect: 100-continue',
  'expect: 200-ok',
  'content-type: application/json\r\ncontent-type: text/plain',
  'x-request-id: a\r\nx-request-id: b',
  'x-forwarded-host: example.com\r\nx-original-url: /docs',
]

const firstLines = (target: string) => [
  `GET ${target} HTTP/1.0`,
  `GET ${target}`,
  `GET ${target} HTTP/2.0`,
  `GET ${target} HTTP/9.9`,
  `get ${target} HTTP/1.1`,
  `GET  ${target} HTTP/1.1`,
  `GET ${target} x HTTP/1.1`,
  `GET http://example.com${target} HTTP/1.1`,
  `GET /\xff\xfe HTTP/1.1`,
  'GET /jobs\x00 HTTP/1.1',
  'GET jobs HTTP/1.1',
  'GET * HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'CONNECT 127.0.0.1:5432 HTTP/1.1',
  `GET ${target}#fragment HTTP/1.1`,
  'GET /../../etc/passwd HTTP/1.1',
  `GET /${'a'.repeat(70_000)} HTTP/1.1`,
  'PRI * HTTP/2.0',
]

const ways: Record<string, Way> = {
  'body cut off': cutOff,
  'chunked body': chunked,
  'conflicting lengths': (request, { dice }) => ({ pieces: whole(request, dice.pick(lengths)), after: 'end' }),
  'header injection': (request, { dice }) => ({ pieces: whole(request, [dice.pick(headerLines)]), after: 'end' }),
  'odd request line': ({ target }, { dice }) =>
    wait([bytes(`${dice.pick(firstLines(target))}${CRLF}host: 127.0.0.1${CRLF}connection: close${CRLF}${CRLF}`)]),
  'no host': ({ method, target }) =>
    wait([bytes(`${method} ${target} HTTP/1.1${CRLF}connection: close${CRLF}${CRLF}`)]),
  'no HTTP': (_request, { dice }) =>
    wait([
      dice.pick([
        Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
        Buffer.alloc(300),
        bytes(`${CRLF.repeat(3)}hello?`),
        bytes('SSH-2.0-x\r\n'),
      ]),
    ]),
  pipelined: (request) => ({
    pieces: [...whole(request), ...whole(request), ...whole({ ...request, method: 'GET', body: null })],
    after: 'end',
  }),
  'gone before the answer': (request) => ({ pieces: whole(request), after: 'reset' }),
  'byte by byte': (request) =>
    wait(
      [
        ...Buffer.concat(whole({ ...request, body: request.body?.subarray(0, 500) ?? null }, ['connection: close'])),
      ].map((it) => Buffer.from([it])),
    ),
}

/** The request, spoiled where HTTP itself is made. */
export function hostileWire(request: FuzzRequest, maker: Maker): FuzzRequest {
  const [what, way] = maker.dice.pick(Object.entries(ways))
  return { ...request, what, wire: way(request, maker) }
}

export const wireClasses = Object.keys(ways)
