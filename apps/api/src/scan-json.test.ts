import { describe, expect, test } from 'vitest'
import { scanJson } from './scan-json.ts'

const paths = (text: string) => {
  JSON.parse(text)
  return scanJson(text).map((it) => it.path)
}

describe('numbers', () => {
  test.for(
    [
      '0',
      '-0',
      '0.0',
      '1',
      '-1.5',
      '1e3',
      '1E+2',
      '1.10',
      '1e-3',
      '0e999',
      '123456789012345',
      '1e22',
      '1e300',
      '5e-324',
    ].concat(
      [
        '9007199254740992',
        '9007199254740994',
        '123456789012345680000',
        '0.1',
        '0.30000000000000004',
        '1.7976931348623157e308',
      ],
      ['1.000000000000000000', '100000000000000000000000', '2.2250738585072014e-308', '-1e-7'],
    ),
  )('%s is kept', (number) => {
    expect(paths(`{"a":[${number}]}`)).toEqual([])
  })

  test.for(
    [
      '9007199254740993',
      '-9007199254740993',
      '1e400',
      '-1e400',
      '1e-400',
      '0.1000000000000000055',
      '12345678901234567890',
    ].concat(['1.7976931348623159e308', '2e308', '1e-324', '9007199254740993.0', '900719925474099.3e1']),
  )('%s is not', (number) => {
    expect(paths(`{"a":[0,{"b":${number}}]}`)).toEqual(['a.1.b'])
    expect(paths(number)).toEqual([''])
  })
})

describe('names and strings', () => {
  test('what looks like a number, a brace or a name within a string is text', () => {
    expect(paths(String.raw`{"a":"__proto__","b":"1e400","c":"{[\"","d":"\\","e":"\\\"9007199254740993"}`)).toEqual([])
  })

  test('__proto__ is found however it is written, and wherever', () => {
    expect(paths('{"a":{ "__proto__" : 1}}')).toEqual(['a.__proto__'])
    expect(paths('[{"x":1,"\\u005f_proto__":1}]')).toEqual(['0.__proto__'])
    expect(paths('{"__proto__x":1,"__prot__":2,"proto":{"__proto":3}}')).toEqual([])
  })

  test('a path names keys as they are meant, and list positions', () => {
    expect(paths('{"a\\"b":{"é":[1,[2,1e999]]}}')).toEqual(['a"b.é.1.1'])
    expect(paths('{"a":{"b":1},"c":1e999}')).toEqual(['c'])
  })
})

describe('depth', () => {
  const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`

  test('64 levels are kept, 66 are not, and a million do not overflow the stack', () => {
    expect(scanJson(nested(64))).toEqual([])
    expect(scanJson(nested(66))).toHaveLength(1)
    expect(scanJson('['.repeat(1_000_000) + ']'.repeat(1_000_000))).toHaveLength(1)
  })

  test('levels that were closed do not count', () => {
    expect(scanJson(`[${'[[]],{"a":{}},'.repeat(1_000)}1]`)).toEqual([])
  })
})
