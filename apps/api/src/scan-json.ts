import type { FieldError } from '@scheduler/core/problem'

/** How deep objects and arrays may be nested. */
export const MAX_DEPTH = 64

/** More faults than these are not listed. */
const MAX_ERRORS = 20

/** Longer paths name their beginning only. */
const MAX_PATH = 12

/** An object or array that is open at some point of the text. `keyFrom` and `keyTo`: the latest key, quotes included. */
interface Level {
  isObject: boolean
  index: number
  keyFrom: number
  keyTo: number
}

const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, COMMA, COLON, MINUS, ZERO, NINE] = [
  0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x3a, 0x2d, 0x30, 0x39,
]

/**
 * What valid JSON says that could not be passed on as it was: numbers that a double cannot hold (2^53+1, 1e400), keys
 * named `__proto__`, nesting deeper than `MAX_DEPTH`.
 *
 * One pass over the text without recursion, since what follows may recurse. A body of 150 bytes takes 0.4 µs (JSON.parse
 * 1.5), one of 120 KB some milliseconds. A reviver, which is shown the numbers' text as well, takes four to ten times as long.
 *
 * @param text what `JSON.parse` has accepted
 */
export function scanJson(text: string): FieldError[] {
  const errors: FieldError[] = []
  const levels: Level[] = []
  let top: Level | undefined

  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      const end = stringEnd(text, i)
      if (top?.isObject && isKey(text, end)) {
        top.keyFrom = i
        top.keyTo = end + 1
        if (isProto(text, i, end + 1)) report('must not be used as a name')
      }
      i = end
    } else if (code === OPEN || code === OPEN_LIST) {
      if (levels.length === MAX_DEPTH) {
        report(`must not be nested deeper than ${MAX_DEPTH} levels`)
        return errors
      }
      top = { isObject: code === OPEN, index: 0, keyFrom: 0, keyTo: 0 }
      levels.push(top)
    } else if (code === CLOSE || code === CLOSE_LIST) {
      levels.pop()
      top = levels.at(-1)
    } else if (code === COMMA) {
      if (top) top.index += 1
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = numberEnd(text, i)
      if (!isPlain(text, i, end) && !survives(text.slice(i, end))) {
        report('must be a number that a double can hold exactly; in a payload, send it as a string')
      }
      i = end - 1
    }
    if (errors.length >= MAX_ERRORS) return errors
  }
  return errors

  function report(message: string): void {
    const path = levels.slice(0, MAX_PATH).map((it) => (it.isObject ? keyOf(text, it) : String(it.index)))
    errors.push({ path: path.join('.'), message })
  }
}

function stringEnd(text: string, from: number): number {
  let end = text.indexOf('"', from + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1
  return backslashes % 2 === 1
}

/** Whether the string that ends here is followed by a colon. */
function isKey(text: string, end: number): boolean {
  let at = end + 1
  while (text.charCodeAt(at) <= 0x20) at += 1
  return text.charCodeAt(at) === COLON
}

function isProto(text: string, from: number, to: number): boolean {
  // `"__proto__"` is 11 characters; written with escapes it is longer.
  if (to - from < 11) return false
  if (to - from === 11) return text.startsWith('__proto__', from + 1)
  return text.slice(from, to).includes('\\') && JSON.parse(text.slice(from, to)) === '__proto__'
}

function keyOf(text: string, { keyFrom, keyTo }: Level): string {
  return keyTo === 0 ? '' : String(JSON.parse(text.slice(keyFrom, keyTo)))
}

function numberEnd(text: string, from: number): number {
  let at = from + 1
  for (;;) {
    const code = text.charCodeAt(at)
    const isPart =
      (code >= ZERO && code <= NINE) || code === 0x2e || code === 0x2b || code === MINUS || (code | 32) === 0x65
    if (!isPart) return at
    at += 1
  }
}

/** Whether a number is one that a double surely holds: at most 15 characters, no exponent. Nearly all are. */
function isPlain(text: string, from: number, to: number): boolean {
  if (to - from > 15) return false
  for (let at = from; at < to; at += 1) if ((text.charCodeAt(at) | 32) === 0x65) return false
  return true
}

/** Whether a number, written out again after parsing, has the same value. */
function survives(source: string): boolean {
  const value = Number(source)
  const size = Math.abs(value)
  // Every decimal of up to 15 digits comes back from a double, but at the ends of its range.
  if (source.length <= 15 && size > 1e-290 && size < 1e300) return true
  return Number.isFinite(value) && canonical(source) === canonical(String(value))
}

/** Digits without outer zeros, and the power of ten of the last one. */
function canonical(source: string): string {
  const [mantissa = '', exponent = '0'] = source.replace(/^-/, '').toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = (whole + fraction).replace(/^0+/, '')
  const short = digits.replace(/0+$/, '')
  if (short === '') return '0'
  return `${short}e${Number(exponent) - fraction.length + digits.length - short.length}`
}
