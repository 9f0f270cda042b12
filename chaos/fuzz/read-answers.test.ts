import { expect, test } from 'vitest'
import { readAnswers } from './read-answers.ts'

const answer = (status: number, body: string) =>
  `HTTP/1.1 ${status} X\r\ncontent-length: ${Buffer.byteLength(body)}\r\nx-a: b: c\r\n\r\n${body}`

test('reads all answers of a connection, without those that only say to go on', () => {
  const came = `HTTP/1.1 100 Continue\r\n\r\n${answer(200, '{"a":"é"}')}${answer(404, '')}`
  expect(readAnswers(Buffer.from(came), 3)).toEqual([
    { status: 200, headers: { 'content-length': '10', 'x-a': 'b: c' }, text: '{"a":"é"}', ms: 3 },
    { status: 404, headers: { 'content-length': '0', 'x-a': 'b: c' }, text: '', ms: 3 },
  ])
})

test('reads a body that came in chunks', () => {
  const head = 'HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n'
  expect(
    readAnswers(Buffer.from(`${head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n${answer(200, 'x')}${head}0\r\n\r\n`), 1),
  ).toMatchObject([
    { status: 400, text: 'abcde' },
    { status: 200, text: 'x' },
    { status: 400, text: '' },
  ])
})

test('what is no answer has no status, and nothing is nothing', () => {
  expect(readAnswers(Buffer.from('hello'), 1)).toMatchObject([{ status: 0 }])
  expect(readAnswers(Buffer.alloc(0), 1)).toEqual([])
})
