// Requests that would be valid but for one thing: in the body, the query, the path, the method or a header.
import type { Dice } from '@scheduler/core/test/dice'
import type { Schema } from './document.ts'
import type { Maker } from './maker.ts'
import { type Place, placesOf, withAt } from './nodes.ts'
import type { FuzzRequest } from './request.ts'
import { type Draft, finish } from './valid.ts'

/** What a break is called, what is put into the place, and, where not all of that is at fault, the field in it that is. */
type Broken = [what: string, value: unknown, field?: string]

/** Breaks a place of the body; null where it cannot break this one. */
type Break = (place: Place, dice: Dice) => Broken | null

const typesOf = ({ type }: Schema): string[] => [type ?? []].flat()

const breaks: Break[] = [
  ({ schema }, dice) => {
    const others = { string: 'x', number: 7, boolean: true, array: [], object: {} }
    const wrong = Object.entries(others).filter(
      ([type]) => !typesOf(schema).includes(type) && !(type === 'number' && typesOf(schema).includes('integer')),
    )
    return typesOf(schema).length > 0 ? ['wrong type', dice.pick(wrong)[1]] : null
  },
  ({ schema }) => (typesOf(schema).length > 0 && !typesOf(schema).includes('null') ? ['null', null] : null),
  ({ schema: { minimum, exclusiveMinimum } }) => {
    const least = minimum ?? exclusiveMinimum
    return least === undefined ? null : ['below the least', minimum === undefined ? least : least - 1]
  },
  ({ schema: { maximum } }) => (maximum === undefined ? null : ['above the most', maximum + 1]),
  ({ schema: { minimum, maximum } }, dice) =>
    minimum === undefined || maximum === undefined ? null : ['on the boundary', dice.pick([minimum, maximum])],
  ({ schema }) => (typesOf(schema).includes('integer') ? ['a fraction', 1.5] : null),
  ({ schema }) => (typesOf(schema).includes('integer') ? ['a number in a string', '5'] : null),
  ({ schema: { maxLength } }) => (maxLength === undefined ? null : ['too long', 'x'.repeat(maxLength + 1)]),
  ({ schema }) => (typesOf(schema).includes('string') ? ['an empty string', ''] : null),
  ({ schema }) => (schema.enum ? ['not in the list', 'nothing-of-it'] : null),
  ({ schema }) => (schema.enum ? ['in capitals', String(schema.enum[0]).toUpperCase()] : null),
  ({ schema: { format } }) => (format === undefined ? null : [`no ${format}`, 'none at all']),
  ({ value, schema: { minItems } }) => (minItems && Array.isArray(value) ? ['too few items', []] : null),
  ({ value, schema: { maxItems } }) =>
    maxItems && maxItems <= 100 && Array.isArray(value)
      ? ['too many items', Array.from({ length: maxItems + 1 }, (_, i) => value[0] ?? `item-${i}`)]
      : null,
  ({ value, schema: { required = [] } }, dice) => {
    const field = required.length > 0 ? dice.pick(required) : null
    return field === null ? null : ['a required field missing', withAt(value, [field], undefined), field]
  },
  ({ value, schema: { properties, additionalProperties } }) =>
    properties && additionalProperties === false
      ? ['a field too many', { ...(value as object), surplus: 1 }, 'surplus']
      : null,
]

function breakBody(made: Draft, maker: Maker): FuzzRequest | null {
  const { operation, body } = made
  if (!operation.body || body === undefined) return null
  const places = placesOf(maker.document, operation.body.schema, body)
  const place = maker.dice.pick(places)
  const possible = breaks.map((it) => it(place, maker.dice)).filter((it) => it !== null)
  if (possible.length === 0) return null
  const [what, value, field] = maker.dice.pick(possible)
  const request = finish({ ...made, body: withAt(body, place.path, value) }, maker, 'nearly', what)
  return { ...request, field: [...place.path, ...(field ? [field] : [])].join('.') }
}

const otherBodies: [what: string, text: string][] = [
  ['an empty body', ''],
  ['a body of spaces', '  \n'],
  ['null for a body', 'null'],
  ['an array for a body', '[]'],
  ['an object for a body', '{}'],
  ['a string for a body', '"x"'],
  ['a number for a body', '0'],
]

function replaceBody(made: Draft, maker: Maker): FuzzRequest {
  const [what, text] = maker.dice.pick(otherBodies)
  const request = finish({ ...made, body: {} }, maker, 'nearly', what)
  return { ...request, body: Buffer.from(text) }
}

function doubleKey(made: Draft, maker: Maker): FuzzRequest | null {
  const text = JSON.stringify(made.body)
  const first = /^\{("\w+":)/.exec(text ?? '')?.[1]
  if (!first) return null
  const request = finish(made, maker, 'nearly', 'a key twice')
  return { ...request, body: Buffer.from(`{${first}null,${text.slice(1)}`) }
}

const mediaTypes = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/problem+json',
  'application/merge-patch+json',
  'application/json; charset=latin1',
  'application/json; charset="utf-8"',
  'application/json;charset=',
  'application/jsonp',
  'APPLICATION/JSON',
  'application/json, text/plain',
  ';',
  '',
  '*/*',
  'application/json; charset=utf-7; charset=utf-8',
]

function changeType(made: Draft, maker: Maker): FuzzRequest {
  const request = finish({ ...made, body: made.body ?? {} }, maker, 'nearly', 'another media type')
  const headers = { ...request.headers, 'content-type': maker.dice.pick(mediaTypes) }
  if (maker.dice.chance(0.2))
    Object.assign(headers, { 'content-encoding': maker.dice.pick(['gzip', 'br', 'identity', '']) })
  return { ...request, headers }
}

const badValues = [
  '',
  ' ',
  '0',
  '-1',
  '1.5',
  '1e2',
  '501',
  '999999999',
  '9999999999',
  'true',
  'TRUE',
  'null',
  'x'.repeat(2_049),
  '[]',
  'yesterday',
  '2026-02-30',
  "'--",
  '%',
]

function breakQuery(made: Draft, maker: Maker): FuzzRequest {
  const { dice } = maker
  const known = made.operation.parameters.filter((it) => it.in === 'query').map((it) => it.name)
  const name = dice.pick(known.length > 0 ? known : ['limit'])
  const others = made.query.filter(([it]) => it !== name)
  const surplus = dice.pick(['page', 'surplus', 'Limit', '__proto__', 'constructor'])
  const [what, field, query] = dice.pick<[string, string, Draft['query']]>([
    ['a bad value in the query', name, [...others, [name, dice.pick(badValues)]]],
    ['a bad value in the query', name, [...others, [name, dice.pick(badValues)]]],
    ['a parameter twice', name, [...others, [name, '1'], [name, '2']]],
    ['a parameter too many', surplus, [...made.query, [surplus, '1']]],
    [
      'a cursor of another list',
      'cursor',
      [...made.query.filter(([it]) => it !== 'cursor'), ['cursor', otherCursor(maker)]],
    ],
  ])
  const request = finish({ ...made, query }, maker, 'nearly', what)
  // By chance the value is a good one, and what the body may be refused for is another matter.
  return what === 'a bad value in the query' && made.body !== undefined ? request : { ...request, field }
}

function otherCursor({ dice, document, memory }: Maker): string {
  const { path } = dice.pick(document.operations.filter((it) => it.parameters.some(({ name }) => name === 'cursor')))
  return memory.recall('cursor', dice, path)
}

function breakPath(made: Draft, maker: Maker): FuzzRequest {
  const { dice, memory } = maker
  const request = finish(made, maker, 'nearly', 'another path')
  const [path = '', search] = request.target.split('?')
  const query = search === undefined ? '' : `?${search}`
  const [name] = Object.keys(made.path)
  if (name && dice.chance(0.6)) {
    const kinds = ['job', 'execution', 'blackout', 'dead'] as const
    const id = dice.pick([
      memory.recall(dice.pick(kinds), dice),
      dice.uuid(),
      '1',
      'x',
      dice.uuid().toUpperCase(),
      'batch',
      'a/b',
      ' ',
    ])
    return finish({ ...made, path: { ...made.path, [name]: id } }, maker, 'nearly', 'another id')
  }
  const other = dice.pick([
    `${path}/`,
    `${path}//`,
    `${path}/more`,
    path.toUpperCase(),
    `/${path}`,
    path.slice(0, -1),
    `${path}.json`,
  ])
  return { ...request, target: other + query }
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'PURGE']

const changeMethod = (made: Draft, maker: Maker): FuzzRequest => ({
  ...finish(made, maker, 'nearly', 'another method'),
  method: maker.dice.pick(methods),
})

const oddHeaders: Record<string, string[]> = {
  'if-match': [
    '"0"',
    '"999999"',
    '*',
    'W/"1"',
    '1',
    '""',
    '"1", "2"',
    '"-1"',
    '"1e9"',
    '"99999999999999999999"',
    ',',
    '"é"',
  ],
  'idempotency-key': ['', ' ', 'x'.repeat(255), 'x'.repeat(256), 'a b', 'é', 'key-1', '"', ','],
  authorization: [
    '',
    'Bearer',
    'Bearer ',
    'Bearer x',
    'Basic eDp5',
    'bearer  two words',
    'Bearer é',
    `Bearer ${'x'.repeat(4_000)}`,
    'Negotiate',
  ],
  accept: ['text/html', 'application/xml;q=0.1', ';;', ''],
  'x-request-id': ['x'.repeat(65), '%s%n{{7*7}}', '<script>', ''],
  'x-http-method-override': ['DELETE'],
  range: ['bytes=0-0', 'bytes=-1'],
  expect: ['100-continue', 'nonsense'],
  'accept-encoding': ['gzip', 'x'],
}

function breakHeader(made: Draft, maker: Maker): FuzzRequest {
  const [name, values] = maker.dice.pick(Object.entries(oddHeaders))
  const request = finish(made, maker, 'nearly', `odd ${name}`)
  return { ...request, headers: { ...request.headers, [name]: maker.dice.pick(values) } }
}

const ways = [
  breakBody,
  breakBody,
  breakBody,
  breakBody,
  replaceBody,
  doubleKey,
  changeType,
  breakQuery,
  breakQuery,
  breakPath,
  changeMethod,
  breakHeader,
]

export function nearly(made: Draft, maker: Maker): FuzzRequest {
  const way = maker.dice.pick(ways)
  return way(made, maker) ?? breakQuery(made, maker)
}
