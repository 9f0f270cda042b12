import type { IncomingMessage } from 'node:http'
import { invalid, Problem } from '@scheduler/core/problem'
import { scanJson } from './scan-json.ts'

/** Largest body, bytes. */
export const BODY_LIMIT = 256 * 1024

/** Where a rule is part of the body: more is read, so that a rule that is far too long is refused by its name. */
export const RULE_BODY_LIMIT = 2 * 1024 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The JSON of a request's body; undefined when there is none.
 *
 * @throws Problem `unsupported-media-type`, `body-too-large`, `malformed-json`, or `validation-failed` for what JSON can
 * say and we could not pass on unchanged.
 */
export async function readJson(request: IncomingMessage, limit = BODY_LIMIT): Promise<unknown> {
  const { 'content-length': length, 'transfer-encoding': chunked } = request.headers
  if (!chunked && (length === undefined || length === '0')) return undefined
  checkType(request)
  if (Number(length) > limit) throw tooLarge(limit)
  const bytes = await readBytes(request, limit)
  if (bytes.length === 0) return undefined
  const text = decode(bytes)
  const value = parse(text)
  const errors = scanJson(text)
  if (errors.length > 0) throw invalid(errors)
  return value
}

function checkType({ headers }: IncomingMessage): void {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';')
  const charset = parameters.map((it) => /^\s*charset="?([^"\s]+)"?\s*$/.exec(it)?.[1]).find(Boolean)
  if (!/^\s*application\/(?:[\w.-]+\+)?json\s*$/.test(type)) {
    throw new Problem(
      'unsupported-media-type',
      'Send the body as JSON, with the header content-type: application/json.',
    )
  }
  if (charset && charset !== 'utf-8' && charset !== 'utf8') {
    throw new Problem('unsupported-media-type', 'Send the body in UTF-8; JSON has no other encoding.')
  }
  if (headers['content-encoding'] && headers['content-encoding'] !== 'identity') {
    throw new Problem('unsupported-media-type', 'Send the body uncompressed, without content-encoding.')
  }
}

function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      // The rest is read and dropped by node once the answer is out, so that the client lives to read it.
      else reject(tooLarge(limit))
    })
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    request.on('error', (cause) =>
      reject(new Problem('malformed-json', 'The body ended before it was whole.', { cause })),
    )
  })
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new Problem('malformed-json', 'The body is not valid UTF-8; JSON has no other encoding.', { cause })
  }
}

/** How the engine quotes what it was reading: that may be a secret, and answers end up in logs of others. */
const QUOTED = /, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? cause.message.replace(QUOTED, '') : ''
    throw new Problem('malformed-json', `The body cannot be parsed as JSON: ${reason}.`, { cause })
  }
}

const tooLarge = (limit: number) =>
  new Problem('body-too-large', `The body may have at most ${limit / 1024} KiB; send less.`)
