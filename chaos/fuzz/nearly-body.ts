// Bodies that would be valid but for one thing.
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

/** Null where there is no body to break. */
export function breakBody(made: Draft, maker: Maker): FuzzRequest | null {
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

export function replaceBody(made: Draft, maker: Maker): FuzzRequest {
  const [what, text] = maker.dice.pick(otherBodies)
  const request = finish({ ...made, body: {} }, maker, 'nearly', what)
  return { ...request, body: Buffer.from(text) }
}

export function doubleKey(made: Draft, maker: Maker): FuzzRequest | null {
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

export function changeType(made: Draft, maker: Maker): FuzzRequest {
  const request = finish({ ...made, body: made.body ?? {} }, maker, 'nearly', 'another media type')
  const headers = { ...request.headers, 'content-type': maker.dice.pick(mediaTypes) }
  if (maker.dice.chance(0.2))
    Object.assign(headers, { 'content-encoding': maker.dice.pick(['gzip', 'br', 'identity', '']) })
  return { ...request, headers }
}
