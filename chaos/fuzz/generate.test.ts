import { expect, test } from 'vitest'
import { requestOf } from './generate.ts'
import { hostileJson } from './hostile-json.ts'
import { wireClasses } from './hostile-wire.ts'
import { asCommand, type FuzzRequest } from './request.ts'
import { schemasOf } from './schemas.ts'
import { worldOf } from './world.ts'

const generate = (seed: number, count: number): FuzzRequest[] => {
  const world = worldOf(seed, 'http://127.0.0.1:4000')
  return Array.from({ length: count }, (_, number) => requestOf(number, world))
}
const many = generate(1, 6_000)
const { document, apiKey } = worldOf(1, 'http://127.0.0.1:4000')

test('every operation is asked for, with every kind of request', () => {
  const asked = new Set(many.map(({ operation, kind }) => `${operation.id} ${kind}`))
  const wanted = document.operations.flatMap(({ id }) => ['valid', 'nearly', 'hostile'].map((kind) => `${id} ${kind}`))
  expect(wanted.filter((it) => !asked.has(it))).toEqual([])
})

test('every class of hostile requests is made', () => {
  const made = new Set(many.filter(({ kind }) => kind === 'hostile').map(({ what }) => what))
  const wanted = [...hostileJson.map(([what]) => what), ...wireClasses]
  const others = [
    'absurd zone',
    'hostile text',
    'absurd time',
    'absurd cron',
    'absurd rrule',
    'absurd address',
    'invalid UTF-8',
    'bad escapes',
  ]
  expect(
    [...wanted, ...others, 'hostile query', 'huge headers', 'very long body'].filter((it) => !made.has(it)),
  ).toEqual([])
})

test('every way to break one thing is taken', () => {
  const made = new Set(many.filter(({ kind }) => kind === 'nearly').map(({ what }) => what))
  const wanted = [
    'wrong type',
    'null',
    'above the most',
    'below the least',
    'on the boundary',
    'too long',
    'not in the list',
    'a key twice',
  ]
  const others = [
    'a required field missing',
    'a field too many',
    'another media type',
    'a parameter twice',
    'a cursor of another list',
  ]
  expect([...wanted, ...others, 'another method', 'another id', 'odd if-match'].filter((it) => !made.has(it))).toEqual(
    [],
  )
})

test('the same seed makes the same requests, and another makes others', () => {
  const written = (requests: FuzzRequest[]) => requests.map((it) => asCommand(it, apiKey))
  expect(written(generate(7, 300))).toEqual(written(generate(7, 300)))
  expect(written(generate(8, 300))).not.toEqual(written(generate(7, 300)))
})

const JSON_HEADERS = { 'content-type': 'application/json' }

test('a request is the same whatever was learned meanwhile, but for the ids', () => {
  const world = worldOf(3, 'http://127.0.0.1:4000')
  const shape = (it: FuzzRequest) => `${it.operation.id} ${it.kind} ${it.what} ${it.body?.length} ${it.target.length}`
  const before = Array.from({ length: 300 }, (_, number) => shape(requestOf(number, world)))
  const [first] = many
  if (!first) throw new Error('no request')
  const learned = {
    job_id: '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d',
    execution_id: '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4e',
  }
  world.memory.learn(
    { ...first, target: '/jobs' },
    { status: 200, headers: JSON_HEADERS, text: JSON.stringify(learned), ms: 1 },
  )
  expect(Array.from({ length: 300 }, (_, number) => shape(requestOf(number, world)))).toEqual(before)
})

test('what is valid keeps to the schema of its body', () => {
  const schemas = schemasOf(document.source)
  const wrong = many
    .filter(({ kind, body, operation }) => kind === 'valid' && body && operation.bodyPointer)
    .map(({ body, operation }) => [
      operation.id,
      schemas.faultsOf(operation.bodyPointer ?? '', JSON.parse(String(body))),
    ])
    .filter(([, faults]) => faults?.length)
  expect(wrong).toEqual([])
})
