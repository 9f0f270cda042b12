import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { readDocument } from './document.ts'
import { asCommand, type FuzzRequest } from './request.ts'

const [operation] = readDocument().operations
if (!operation) throw new Error('the document has no operations')
const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
const request: FuzzRequest = {
  ...{ number: 1, kind: 'hostile', what: 'all bytes', operation, method: 'POST', target: "/jobs?name=o'brien&x=%ff" },
  headers: { authorization: 'Bearer the-key', 'if-match': '"1"', 'x-empty': '' },
  body: bytes,
}
const printed = (command: string) => execFileSync('bash', ['-c', command])

test('what is written by the byte is written again by a shell, whichever bytes they are', () => {
  const command = asCommand({ ...request, wire: { pieces: [bytes, bytes], after: 'end' } }, 'the-key')
  expect(printed(command.split(' | nc')[0] ?? '')).toEqual(Buffer.concat([bytes, bytes]))
})

test('a request is a line of curl with the same parts, and without the key', () => {
  const command = asCommand(request, 'the-key')
    .replace(/^curl/, `printf '%s\\n'`)
    .replace(/@<\(.*\)$/s, 'body')
  const given = `ORIGIN=http://service API_KEY=mine; ${command}`
  expect(String(printed(given)).split('\n')).toEqual([
    ...['-i', '--path-as-is', '-X', 'POST', "http://service/jobs?name=o'brien&x=%ff"],
    ...['-H', 'authorization: Bearer mine', '-H', 'if-match: "1"', '-H', 'x-empty;', '--data-binary', 'body', ''],
  ])
  expect(printed(/@<\((.*)\)$/s.exec(asCommand(request, 'the-key'))?.[1] ?? '')).toEqual(bytes)
})
