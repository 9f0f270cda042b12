import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { writeTogether } from './write-together.ts'

/** A stream that keeps what goes to the system at once, as one entry. */
function recording() {
  const calls: string[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      calls.push(String(chunk))
      done()
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => String(chunk)).join(''))
      done()
    },
  })
  return { calls, stream }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what is written in one turn goes at once, in its order, and what comes later goes later', async () => {
  const { calls, stream } = recording()
  writeTogether(stream)
  stream.write('begin;')
  stream.write('select;')
  await turn()
  stream.write('commit')
  await turn()
  expect(calls).toEqual(['begin;select;', 'commit'])
})

test('what its user corks itself is as before', async () => {
  const { calls, stream } = recording()
  writeTogether(stream)
  stream.cork()
  stream.write('parse;')
  stream.write('bind;')
  stream.uncork()
  stream.write('sync')
  await turn()
  expect(calls).toEqual(['parse;bind;sync'])
})
