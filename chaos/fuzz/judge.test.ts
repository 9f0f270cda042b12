import { describe, expect, test } from 'vitest'
import { readDocument } from './document.ts'
import { judge } from './judge.ts'
import { SECRET_MARK } from './maker.ts'
import type { FuzzAnswer, FuzzRequest } from './request.ts'
import { schemasOf } from './schemas.ts'

const document = readDocument()
const { faultsOf } = judge(document, schemasOf(document.source), 'the-key')

function asked(method: string, target: string, body?: object): FuzzRequest {
  const operation = document.find(method, target.split('?')[0] ?? '') ?? document.operations[0]
  if (!operation) throw new Error('the document has no operations')
  const bytes = body ? Buffer.from(JSON.stringify(body)) : null
  return { number: 0, kind: 'valid', what: 'valid', operation, method, target, headers: {}, body: bytes }
}

const answered = (status: number, body: unknown, type = 'application/json'): FuzzAnswer => ({
  ...{ status, headers: { 'content-type': `${type}; charset=utf-8` }, ms: 5 },
  text: typeof body === 'string' ? body : JSON.stringify(body),
})

const problem = {
  type: '/problems/job-not-found',
  title: 'There is no such job',
  status: 404,
  detail: 'None.',
  instance: '/',
}
const refused = (status: number, changed: object = {}) =>
  answered(status, { ...problem, ...changed }, 'application/problem+json')
const deleted = asked('DELETE', '/jobs/0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d')
const invalid = { type: '/problems/validation-failed', title: 'The request breaks the schema', status: 422 }

describe('what the document says', () => {
  test.for<[string, FuzzRequest, FuzzAnswer]>([
    ['an answer', deleted, answered(200, { message: 'done' })],
    ['a problem', deleted, refused(404)],
    [
      'a path that there is none of',
      asked('GET', '/none'),
      refused(404, { type: '/problems/not-found', title: 'There is no such route' }),
    ],
    [
      'a status that was asked for',
      asked('POST', '/callback/test?status=503'),
      answered(503, { status: 'error', message: 'm', timestamp: 't', payload: {} }),
    ],
    ['what node says of no HTTP', { ...deleted, wire: { pieces: [], after: 'wait' } }, answered(400, '', '')],
  ])('is no fault: %s', ([, request, answer]) => {
    expect(faultsOf(request, answer)).toEqual([])
  })
})

describe('a fault is', () => {
  test.for<[string, FuzzRequest, FuzzAnswer, string]>([
    ['a wrong type', deleted, answered(200, { message: 7 }), 'breaks its schema'],
    ['a field too many', deleted, answered(200, { message: 'm', more: 1 }), 'breaks its schema'],
    [
      '500',
      deleted,
      refused(500, { type: '/problems/internal-error', title: 'The service failed', status: 500 }),
      'is 500',
    ],
    [
      '503 without a reason',
      deleted,
      refused(503, { type: '/problems/database-unavailable', title: 'The database is away', status: 503 }),
      'is 503',
    ],
    ['a status that is not documented', deleted, answered(202, { message: 'm' }), 'has status 202'],
    ['a problem that is another', deleted, refused(404, { status: 409 }), 'says status 409'],
    ['a problem that is unknown', deleted, refused(404, { type: '/problems/other' }), 'has the unknown type'],
    ['a problem with a title of its own', deleted, refused(404, { title: 'Gone' }), 'is not what job-not-found is'],
    ['another media type', deleted, answered(200, { message: 'm' }, 'text/html'), 'is text/html'],
    ['no JSON', deleted, answered(200, '<html>', 'text/html'), 'is no JSON'],
    ['a refusal that names no field', deleted, refused(422, invalid), 'names no field'],
    [
      'one that names another',
      { ...asked('POST', '/blackouts', { tag: 7 }), field: 'tag' },
      refused(422, { ...invalid, errors: [{ path: 'reason', message: 'x' }] }),
      'does not name tag',
    ],
    ['a stack', deleted, refused(404, { detail: 'at handle (file:///app.ts:3:7)' }), 'lets the caller see'],
    ['a statement', deleted, refused(404, { detail: 'Failed query: select 1 from jobs' }), 'lets the caller see'],
    ['a secret', deleted, answered(200, { message: SECRET_MARK }), 'shows the secret'],
    ['the API key', deleted, answered(200, { message: 'the-key' }), 'shows the secret'],
    ['a late answer', deleted, { ...answered(200, { message: 'm' }), ms: 2_001 }, 'took 2001 ms'],
    [
      'that what is forbidden is done',
      asked('POST', '/blackouts?dry_run=true', { tag: 7 }),
      answered(201, {}),
      'forbids it',
    ],
  ])('%s', ([, request, answer, said]) => {
    expect(faultsOf(request, answer).join('\n')).toContain(said)
  })
})

test('what the machine holds up is not the answer’s fault', () => {
  const late = { ...answered(200, { message: 'm' }), ms: 2_500 }
  const held = (ms: number) => judge(document, schemasOf(document.source), 'the-key', () => ms)
  expect(held(400).faultsOf(deleted, late)).toEqual(['took 2500 ms'])
  expect(held(500).faultsOf(deleted, late)).toEqual([])
})
