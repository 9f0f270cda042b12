import { describe, expect } from 'vitest'
import { type Answered, daily, once, test } from '../../test/api.ts'

const pathsOf = ({ body }: Answered) => [...new Set(body.errors?.map((it: { path: string }) => it.path))]
const good = { days: 1, callback_url: 'http://example.com/' }
const nested = (depth: number) =>
  `{"days":1,"callback_url":"http://e.com","payload":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`

describe('422 naming the field', () => {
  test.for<[string, string, unknown]>([
    ['days', 'a zero interval', { ...good, days: 0 }],
    ['days', 'no interval', { callback_url: 'http://example.com/' }],
    ['days', 'a negative interval', { ...good, days: -1 }],
    ['weeks', 'an interval of 10^12 weeks', { ...good, weeks: 1e12 }],
    ['seconds', 'a fraction of a second', { callback_url: 'http://example.com/', seconds: 0.5 }],
    ['days', 'a number in a string', { ...good, days: '1' }],
    ['days', 'a boolean for a number', { ...good, days: true }],
    ['days', 'NaN, which JSON.stringify writes as null', { ...good, days: Number.NaN }],
    ['start_date', 'a date that is none', { ...good, start_date: 'NaN' }],
    ['start_date', 'the year 99999', { ...good, start_date: '99999-01-01T00:00:00' }],
    ['start_date', 'the year +099999', { ...good, start_date: '+099999-01-01T00:00:00Z' }],
    ['start_date', '30 February', { ...good, start_date: '2024-02-30T00:00:00' }],
    ['start_date', 'a time before 1970', { ...good, start_date: '1969-12-31T23:59:59Z' }],
    [
      'start_date',
      'a naive time that its zone puts before 1970',
      { ...good, start_date: '1970-01-01T00:00:00', timezone: '+07:00' },
    ],
    ['start_date', 'a number for a date', { ...good, start_date: 1_700_000_000 }],
    ['end_date', 'an end before the start', { ...daily, end_date: '2024-01-19T08:00:00' }],
    ['timezone', 'an unknown zone', { ...good, timezone: 'Mars/Olympus' }],
    ['timezone', 'a zone of NULs', { ...good, timezone: 'UTC\0' }],
    ['callback_url', 'ftp', { ...good, callback_url: 'ftp://example.com' }],
    ['callback_url', 'javascript', { ...good, callback_url: 'javascript:alert(1)' }],
    ['callback_url', 'a file', { ...good, callback_url: 'file:///etc/passwd' }],
    ['callback_url', 'no URL', { ...good, callback_url: 'example' }],
    ['callback_url', 'an empty one', { ...good, callback_url: '' }],
    ['callback_url', 'a user name', { ...good, callback_url: 'http://u:p@example.com/' }],
    ['callback_url', 'a line break', { ...good, callback_url: 'http://example.com/\r\nHost: x' }],
    ['callback_url', '2,049 characters', { ...good, callback_url: `http://example.com/${'a'.repeat(2_030)}` }],
    ['callback_url', 'the metadata address', { ...good, callback_url: 'http://169.254.169.254/latest' }],
    ['callback_url', 'the same in hexadecimal', { ...good, callback_url: 'http://0xa9fea9fe/' }],
    ['callback_url', 'the same mapped into IPv6', { ...good, callback_url: 'http://[::ffff:169.254.169.254]/' }],
    ['payload', 'an array for a payload', { ...good, payload: [] }],
    ['payload', 'null for a payload', { ...good, payload: null }],
    ['payload.n', '2^53 + 1', '{"days":1,"callback_url":"http://e.com","payload":{"n":9007199254740993}}'],
    ['payload.a.1', '1e400', '{"days":1,"callback_url":"http://e.com","payload":{"a":[1,1e400]}}'],
    ['payload.n', '1e-400', '{"days":1,"callback_url":"http://e.com","payload":{"n":-1e-400}}'],
    ['payload.__proto__', '__proto__', '{"days":1,"callback_url":"http://e.com","payload":{"__proto__":{"x":1}}}'],
    [
      'payload.b.__proto__',
      '__proto__ in escapes',
      '{"days":1,"callback_url":"http://e.com","payload":{"b":{"__pr\\u006fto__":1}}}',
    ],
    [
      '__proto__',
      '__proto__ on top, twice',
      '{"days":1,"__proto__":{},"__proto__":{"x":1},"callback_url":"http://e.com"}',
    ],
    [`payload.a${'.0'.repeat(10)}`, '65 levels', nested(63)],
    ['payload.a.0.0.0.0.0.0.0.0.0.0', '100,000 levels', nested(100_000)],
    ['name', 'NUL in a name', { ...good, name: 'a\0' }],
    ['tags.0', 'half a surrogate pair in a tag', '{"days":1,"callback_url":"http://e.com","tags":["\\ud800"]}'],
    ['tags', '51 tags', { ...good, tags: Array.from({ length: 51 }, (_, i) => `t${i}`) }],
    ['external_id', 'an empty id', { ...good, external_id: '' }],
    ['jitter', 'a negative jitter', { ...good, jitter: -1 }],
    ['misfire.max', 'a misfire of none', { ...good, misfire: { max: 0 } }],
    ['misfire.police', 'an unknown policy', { ...good, misfire: { police: 'all' } }],
    ['retry.limits', 'an unknown part of a policy', { ...good, retry: { limits: 3 } }],
    ['body', 'NUL in a body', { ...good, body: 'a\0' }],
    ['body', 'half a surrogate pair in a body', '{"days":1,"callback_url":"http://e.com","body":"\\ud800"}'],
    ['flow_key', 'NUL in a flow key', { ...good, flow_key: 'a\0' }],
    ['constructor', 'a name of Object.prototype', { ...good, constructor: 1 }],
    ['', 'an array', []],
    ['', 'null', 'null'],
    ['', 'a string', '"x"'],
    ['', 'an empty body', ''],
  ])('%s: %s', async ([path, , body], { api }) => {
    const answer = await api.call('POST', '/jobs/interval', body)
    expect([answer.status, pathsOf(answer)]).toEqual([422, [path]])
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
  })

  test('64 levels are still taken', async ({ api }) => {
    expect((await api.call('POST', '/jobs/interval', nested(62))).status).toBe(201)
  })
})

describe('400 malformed-json', () => {
  test.for<[string, string | Uint8Array]>([
    ['half an object', '{"days":1,'],
    ['a bare NaN', '{"days":NaN}'],
    ['a byte that is no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', new Uint8Array(Buffer.from('{"days":1}', 'utf16le'))],
  ])('%s', async ([, body], { api }) => {
    const answer = await api.call('POST', '/jobs/interval', body)
    expect([answer.status, answer.body.type]).toEqual([400, '/problems/malformed-json'])
  })
})

describe('413 body-too-large', () => {
  test.for<[string, number]>([
    ['a payload over 256 KiB', 256 * 1024],
    ['10 MB', 10_000_000],
  ])('%s', async ([, size], { api }) => {
    const answer = await api.call('POST', '/jobs', { ...once, payload: { a: 'a'.repeat(size) } })
    expect([answer.status, answer.body.type]).toEqual([413, '/problems/body-too-large'])
  })

  test('without a content-length, too', async ({ api }) => {
    const body = new Blob(['a'.repeat(300 * 1024)]).stream()
    const response = await fetch(`${api.url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(413)
  })

  test('a body just under the limit is taken, and numbers that grow past it are not', async ({ api }) => {
    const fits = { ...once, payload: { a: 'a'.repeat(256 * 1024 - 200) } }
    expect((await api.call('POST', '/jobs', fits)).status).toBe(201)
    const grows = `{"schedule_time":"2099-01-01","callback_url":"http://e.com","payload":{"a":[${'1e20,'.repeat(50_000)}1]}}`
    const answer = await api.call('POST', '/jobs', grows)
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'payload'])
  })
})

describe('415 unsupported-media-type', () => {
  test.for<[string, Record<string, string>]>([
    ['text', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['another charset', { 'content-type': 'application/json; charset=latin1' }],
    ['a compressed body', { 'content-encoding': 'gzip' }],
  ])('%s', async ([, headers], { api }) => {
    const answer = await api.call('POST', '/jobs', JSON.stringify(once), headers)
    expect([answer.status, answer.body.type]).toEqual([415, '/problems/unsupported-media-type'])
  })

  test('a media type that ends in +json, and a charset of utf-8, are JSON', async ({ api }) => {
    for (const type of ['application/merge-patch+json', 'Application/JSON; Charset="UTF-8"']) {
      expect((await api.call('POST', '/jobs', JSON.stringify(once), { 'content-type': type })).status).toBe(201)
    }
  })
})

describe('404, 405 and paths that are none', () => {
  test('an unknown route is a problem that says where to look', async ({ api }) => {
    const { status, body, headers } = await api.call('GET', '/nope?x=1')
    expect([status, body.type, body.instance]).toEqual([404, '/problems/not-found', '/nope'])
    expect(headers.get('content-type')).toContain('application/problem+json')
  })

  test.for([
    ['DELETE', '/jobs', 'HEAD, POST, GET'],
    ['GET', '/jobs/interval', 'POST'],
    ['POST', '/jobs/0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d', 'HEAD, GET, PUT, PATCH, DELETE'],
    ['PUT', '/health', 'HEAD, GET'],
  ] as const)('%s %s answers 405 with Allow: %s', async ([method, path, allow], { api }) => {
    const answer = await api.call(method, path)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
  })

  test('an id that can be none is a job that is not there; a path that cannot be decoded is 400', async ({ api }) => {
    expect((await api.call('GET', '/jobs/1')).status).toBe(404)
    expect((await api.call('DELETE', "/jobs/';drop table jobs")).status).toBe(404)
    expect((await api.call('GET', '/jobs/%ff')).status).toBe(400)
    expect((await api.call('GET', '/executions/%00')).status).toBe(404)
  })

  test.for([
    ['limit', '/jobs?limit=0'],
    ['limit', '/jobs?limit=501'],
    ['limit', '/jobs?limit=1e2'],
    ['limit', '/jobs?limit=-1'],
    ['limit', '/jobs?limit=1&limit=2'],
    ['cursor', '/jobs?cursor=foreign'],
    ['cursor', '/executions?cursor='],
    ['cursor', `/destinations?cursor=${Buffer.from('destination:a\0b').toString('base64url')}`],
    ['cursor', `/flow-keys?cursor=${Buffer.from('key:a\0b').toString('base64url')}`],
    ['tag', '/jobs?tag=%00'],
    ['callback_host', '/jobs?callback_host=%00'],
    ['status', '/jobs?status=running'],
    ['convert_to', '/jobs?convert_to=Nowhere'],
    ['page', '/jobs?page=2'],
    ['job_id', '/executions?job_id=1'],
    ['from', '/executions?from=yesterday'],
    ['state', '/executions?state=done'],
    ['destination', '/executions?destination=%00'],
    ['x', '/circuits?x=1'],
  ] as const)('422 naming %s: GET %s', async ([path, url], { api }) => {
    const answer = await api.call('GET', url)
    expect([answer.status, pathsOf(answer)]).toEqual([422, [path]])
  })
})
