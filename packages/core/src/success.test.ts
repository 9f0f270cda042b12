import { expect, test } from 'vitest'
import { isSuccess, statusRange } from './success.ts'

test.for([
  ['2xx', { from: 200, to: 299 }],
  ['5xx', { from: 500, to: 599 }],
  ['204', { from: 204, to: 204 }],
  ['200-299', { from: 200, to: 299 }],
  ['204-204', { from: 204, to: 204 }],
  ['0xx', null],
  ['6xx', null],
  ['99', null],
  ['600', null],
  ['2XX', null],
  ['299-200', null],
  ['200-', null],
  ['2xx ', null],
  ['', null],
] as const)('%j names %j', ([rule, range]) => {
  expect(statusRange(rule)).toEqual(range)
})

test.for([
  [undefined, [200, 204, 299], [199, 300, 404]],
  [['204'], [204], [200, 205]],
  [
    ['2xx', '404', '409-410'],
    [200, 404, 409, 410],
    [408, 411, 500],
  ],
] as const)('by %j, %j are a success and %j are not', ([rules, good, bad]) => {
  expect(good.every((status) => isSuccess(status, rules))).toBe(true)
  expect(bad.some((status) => isSuccess(status, rules))).toBe(false)
})
