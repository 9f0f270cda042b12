// Requests that would be valid but for one thing: in the body, the query, the path, the method or a header.
import type { Maker } from './maker.ts'
import { breakBody, changeType, doubleKey, replaceBody } from './nearly-body.ts'
import type { FuzzRequest } from './request.ts'
import { type Draft, finish } from './valid.ts'

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
