// A request of the fuzz, and how it is written down so that anybody can send it again.
import type { Operation } from './document.ts'

/** What the document allows; that with one thing wrong; and what nobody sends who means well. */
export type Kind = 'valid' | 'nearly' | 'hostile'

export interface FuzzRequest {
  /** With the seed it makes the request again, but for ids that the service gave. */
  number: number
  kind: Kind
  /** What is special about it: `wrong type`, `lone surrogate`. */
  what: string
  /** The one that it is aimed at, whatever the path has become. */
  operation: Operation
  method: string
  /** Path and query. */
  target: string
  headers: Record<string, string>
  body: Buffer | null
  /** The field at fault, dotted, where it is known. */
  field?: string
  /** In place of all that: what is written onto a connection of its own. */
  wire?: Wire
}

export interface Wire {
  pieces: Buffer[]
  /** What the client does once all is written. */
  after: 'wait' | 'end' | 'reset'
}

export interface FuzzAnswer {
  status: number
  headers: Record<string, string>
  text: string
  ms: number
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** What `printf` is to be given to print these bytes, whichever they are. */
function printed(bytes: Buffer): string {
  const plain = [...bytes].map((it) => {
    if (it === 0x25) return '%%'
    const isPlain = it >= 0x20 && it < 0x7f && it !== 0x27 && it !== 0x5c
    return isPlain ? String.fromCharCode(it) : `\\x${it.toString(16).padStart(2, '0')}`
  })
  return `printf '${plain.join('')}'`
}

const isText = (bytes: Buffer): boolean => /^[\x20-\x7e]*$/.test(bytes.toString('latin1'))

/** A line for a shell that sends the request again; `$ORIGIN` and `$API_KEY` are to be set. */
export function asCommand(request: FuzzRequest, key: string): string {
  const { method, target, headers, body, wire } = request
  if (wire) {
    return `${printed(Buffer.concat(wire.pieces))} | nc -q 3 127.0.0.1 $PORT  # then: ${wire.after}`
  }
  const parts = ['curl -i --path-as-is', `-X ${method}`, `"$ORIGIN"${quoted(target)}`]
  for (const [name, value] of Object.entries(headers)) {
    // With a colon and nothing after it curl would leave the header out.
    const line = value === '' ? `${name};` : `${name}: ${value}`
    parts.push(value === `Bearer ${key}` ? `-H "authorization: Bearer $API_KEY"` : `-H ${quoted(line)}`)
  }
  if (body) parts.push(`--data-binary ${isText(body) ? quoted(body.toString()) : `@<(${printed(body)})`}`)
  return parts.join(' ')
}
