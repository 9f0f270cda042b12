// Requests of clients that mean harm, as far as HTTP itself is kept to: what they write, into the body, the path and the headers.
import type { Schema } from './document.ts'
import { hostileJson } from './hostile-json.ts'
import { anyText, hostileTexts } from './hostile-texts.ts'
import { hostileWire, whole } from './hostile-wire.ts'
import type { Maker } from './maker.ts'
import { placesOf, withAt } from './nodes.ts'
import type { FuzzRequest } from './request.ts'
import { type Draft, finish } from './valid.ts'

/** What stands in a body until its text is put there. */
const HOLE = 'a-hole-for-hostile-text'

/** Hostile text in one place of the body. */
function poison(made: Draft, maker: Maker): FuzzRequest {
  const { dice, document } = maker
  const { operation, body } = made
  const [what, text] = dice.pick(hostileJson)
  const request = finish({ ...made, body: body ?? {} }, maker, 'hostile', what)
  if (!operation.body || body === undefined) return { ...request, body: Buffer.from(text) }
  const places = placesOf(document, operation.body.schema, body)
  const named = places.filter(({ path }) => Object.hasOwn(hostileTexts, path.at(-1) ?? ''))
  if (named.length > 0 && dice.chance(0.5)) {
    const { path } = dice.pick(named)
    const hostile = hostileTexts[path.at(-1) ?? '']
    if (hostile)
      return finish({ ...made, body: withAt(body, path, dice.pick(hostile.texts)) }, maker, 'hostile', hostile.what)
  }
  const { path } = dice.pick(places)
  const shell = JSON.stringify(withAt(body, path, HOLE))
  return { ...request, body: Buffer.from(shell.replace(`"${HOLE}"`, () => text)) }
}

const isText = ({ type, enum: listed }: Schema): boolean => !listed && [type ?? []].flat().includes('string')

/** Rules, zones and texts that are hard to deal with, in a field that the operation has for text. */
function absurdField(made: Draft, maker: Maker): FuzzRequest {
  const { dice, document } = maker
  const { operation, body } = made
  const schema = operation.body?.schema
  if (!schema || !body || typeof body !== 'object' || Array.isArray(body)) return absurdParameter(made, maker)
  const [whole] = placesOf(document, schema, body)
  const fields = Object.entries(whole?.schema.properties ?? {}).filter(([, it]) => isText(it) || isText(it.items ?? {}))
  if (fields.length === 0) return absurdParameter(made, maker)
  const [name, field] = dice.pick(fields)
  const { what, texts } = hostileFor(name)
  const text = dice.pick(texts)
  return finish({ ...made, body: { ...body, [name]: isText(field) ? text : [text] } }, maker, 'hostile', what)
}

function absurdParameter(made: Draft, maker: Maker): FuzzRequest {
  const { dice } = maker
  const open = made.operation.parameters.filter((it) => it.in !== 'header' && isText(it.schema))
  if (open.length === 0) return poison(made, maker)
  const { name, in: place } = dice.pick(open)
  const { what, texts } = hostileFor(name)
  // Half a character cannot be escaped.
  const text = dice.pick(texts).toWellFormed()
  if (place === 'path') return finish({ ...made, path: { ...made.path, [name]: text } }, maker, 'hostile', what)
  const query: Draft['query'] = [...made.query.filter(([it]) => it !== name), [name, text]]
  return finish({ ...made, query }, maker, 'hostile', what)
}

const hostileFor = (name: string) => (Object.hasOwn(hostileTexts, name) ? hostileTexts[name] : undefined) ?? anyText

const badBytes: [what: string, change: (whole: Buffer) => Buffer][] = [
  ['invalid UTF-8', (whole) => Buffer.from(whole.toString('latin1').replace('"', '"\xff\xfe'), 'latin1')],
  ['invalid UTF-8', (whole) => Buffer.concat([whole, Buffer.from([0xc0, 0x80])])],
  ['invalid UTF-8', () => Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1')],
  ['another encoding', (whole) => Buffer.from(whole.toString(), 'utf16le')],
  ['byte order mark', (whole) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), whole])],
  ['body cut off', (whole) => whole.subarray(0, Math.floor(whole.length / 2))],
  ['body twice', (whole) => Buffer.concat([whole, whole])],
  ['random bytes', (whole) => whole.map((it, i) => (i % 7 === 3 ? it ^ 0x80 : it)) as Buffer],
  ['NULs', () => Buffer.alloc(64)],
  ['very long body', () => Buffer.alloc(3_000_000, 0x20)],
]

function spoilBytes(made: Draft, maker: Maker): FuzzRequest {
  const [what, change] = maker.dice.pick(badBytes)
  const request = finish({ ...made, body: made.body ?? {} }, maker, 'hostile', what)
  return { ...request, body: Buffer.from(change(request.body ?? Buffer.from('{}'))) }
}

const escapes = [
  '%',
  '%ff',
  '%00',
  '%0d%0aset-cookie:x=1',
  '%2e%2e%2f%2e%2e',
  '%c0%ae',
  '%zz',
  '..%2f',
  '%ed%a0%80',
  '%25',
  '%u0041',
  'a;b=c',
  '%2f',
  '%5c',
  '{id}',
  '__proto__',
  'x'.repeat(6_000),
]

function badEscape(made: Draft, maker: Maker): FuzzRequest {
  const { dice } = maker
  const request = finish(made, maker, 'hostile', 'bad escapes')
  const [path = '', search = ''] = request.target.split('?')
  const [name] = Object.keys(made.path)
  const odd = dice.pick(escapes)
  if (dice.chance(0.3)) return { ...request, target: `${path}?${search}&${odd}=${odd}` }
  const value = encodeURIComponent(made.path[name ?? ''] ?? '')
  const parts = path.split('/').map((it) => (it === value && name ? odd : it))
  return { ...request, target: (name ? parts.join('/') : `${path}/${odd}`) + (search && `?${search}`) }
}

const manyParameters = Array.from({ length: 1_500 }, (_, i) => `p${i}=${i}`).join('&')
const searches = [
  '?',
  '??',
  '?&&&',
  '?=',
  '?=1',
  '?a[b]=1&a[c]=2',
  '?limit[]=1',
  '?limit[$gt]=1',
  '?__proto__[x]=1',
  '?constructor=1',
  '?limit=1%00',
  `?${manyParameters}`,
  `?limit=${'9'.repeat(3_000)}`,
  '?cursor=%ff%fe',
  '?cursor=am9iOg',
  '?cursor=====',
  '?tag=%F0%9F',
  '?limit=%EF%BC%91',
]

const badSearch = (made: Draft, maker: Maker): FuzzRequest => {
  const request = finish({ ...made, query: [] }, maker, 'hostile', 'hostile query')
  return { ...request, target: request.target + maker.dice.pick(searches) }
}

/** Some are more than node reads: it may close the connection before all is written, so that no client is sure to see its answer. */
function hugeHeaders(made: Draft, maker: Maker): FuzzRequest {
  const { dice } = maker
  const request = finish(made, maker, 'hostile', 'huge headers')
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, String(i)]))
  if (dice.chance(0.5)) {
    return { ...request, headers: { ...request.headers, ...dice.pick([many(100), { cookie: 'x'.repeat(7_000) }]) } }
  }
  const tooMuch = dice.pick([many(2_500), { cookie: 'x'.repeat(20_000) }])
  return { ...request, wire: { pieces: whole(request, linesOf(tooMuch)), after: 'wait' } }
}

const linesOf = (headers: Record<string, string>): string[] =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`)

const ways = [
  poison,
  poison,
  poison,
  poison,
  absurdField,
  absurdField,
  absurdField,
  absurdParameter,
  spoilBytes,
  spoilBytes,
  badEscape,
  badSearch,
  hugeHeaders,
]

/** One in so many is sent on a connection of its own, by the byte. */
const BY_WIRE = 0.2

export function hostile(made: Draft, maker: Maker): FuzzRequest {
  return maker.dice.chance(BY_WIRE)
    ? hostileWire(finish(made, maker, 'hostile', ''), maker)
    : maker.dice.pick(ways)(made, maker)
}
