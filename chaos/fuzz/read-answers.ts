import type { FuzzAnswer } from './request.ts'

const HEAD_END = '\r\n\r\n'

/** The answers in what came on a connection, those of a 1xx left out. What is no answer has the status 0. */
export function readAnswers(bytes: Buffer, ms: number): FuzzAnswer[] {
  const answers: FuzzAnswer[] = []
  let rest = bytes.toString('latin1')
  while (rest.length > 0) {
    const end = rest.indexOf(HEAD_END)
    const [first = '', ...lines] = rest.slice(0, end < 0 ? undefined : end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? 0)
    const headers = Object.fromEntries(lines.map((line) => splitLine(line)))
    if (status === 0 || end < 0) return [...answers, { status: 0, headers, text: rest.slice(0, 500), ms }]
    const body = rest.slice(end + HEAD_END.length)
    const [text, length] = readBody(status, headers, body)
    rest = body.slice(length)
    if (status >= 200) answers.push({ status, headers, text: Buffer.from(text, 'latin1').toString(), ms })
  }
  return answers
}

function splitLine(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

/** The body, and how much of what came it takes: without a length it goes on until the end. */
function readBody(status: number, headers: FuzzAnswer['headers'], rest: string): [string, number] {
  if (headers['transfer-encoding']) return readChunks(rest)
  const length = status < 200 || status === 204 || status === 304 ? 0 : Number(headers['content-length'] ?? rest.length)
  return [rest.slice(0, length), length]
}

function readChunks(body: string): [string, number] {
  let text = ''
  let at = 0
  for (;;) {
    const [line = '', size] = /^([0-9a-f]+)\r\n/i.exec(body.slice(at)) ?? []
    const length = Number.parseInt(size ?? '0', 16)
    at += line.length + length + 2
    if (length === 0) return [text, Math.min(at, body.length)]
    text += body.slice(at - length - 2, at - 2)
  }
}
