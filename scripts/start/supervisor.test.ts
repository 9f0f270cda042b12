import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Supervised, supervise } from './supervisor.ts'

const pauses = { firstMs: 10, longestMs: 40, soundAfterMs: 60_000 }

/** Where the processes under test say who they are; a line is `pid word`. */
const ear = createServer()
let port = 0
const running = new Set<Supervised>()

beforeEach(async () => {
  ear.listen(0, '127.0.0.1')
  await once(ear, 'listening')
  const address = ear.address()
  port = typeof address === 'object' ? (address?.port ?? 0) : 0
})

afterEach(async () => {
  for (const each of running) each.kill()
  await Promise.all([...running].map((each) => each.stop()))
  running.clear()
  ear.close()
})

/** A supervised `node -e code`, in which `say` speaks to the ear. */
function start(code: string, graceMs = 10_000) {
  const lines: string[] = []
  const preamble = `const socket = require('node:net').connect(${port}, '127.0.0.1')
    const say = (word) => socket.write(process.pid + ' ' + word + '\\n')
    socket.on('error', () => process.exit(9));`
  const command = [process.execPath, '-e', preamble + code] as const
  const log = (line: string) => lines.push(line)
  const supervised = supervise({ name: 'the program', command, env: process.env, graceMs }, log, pauses)
  running.add(supervised)
  return { supervised, lines }
}

async function hear(): Promise<{ pid: number; word: string; socket: Socket }> {
  const [socket] = (await once(ear, 'connection')) as [Socket]
  socket.on('error', () => {}) // the other side is killed in some tests
  const [line] = (await once(createInterface(socket), 'line')) as [string]
  const [pid, word] = line.split(' ')
  return { pid: Number(pid), word: word ?? '', socket }
}

test('a process that is killed is started again, with one line in the log', async () => {
  const { lines } = start(`say('up')`)
  const first = await hear()
  const next = hear()
  process.kill(first.pid, 'SIGKILL')
  expect((await next).pid).not.toBe(first.pid)
  expect(lines).toEqual(['the program ended (SIGKILL), starting it again in 0.01 s'])
})

test('the pause doubles with each end, up to the longest', async () => {
  const { supervised, lines } = start(`socket.end(process.pid + ' up\\n', () => process.exit(3))`)
  while (supervised.deaths() < 4) await hear()
  expect(
    lines.slice(0, 4).map((line) => line.replace('the program ended (exit code 3), starting it again in ', '')),
  ).toEqual(['0.01 s', '0.02 s', '0.04 s', '0.04 s'])
})

test('told to stop, it waits for the process to finish, and does not start it again', async () => {
  const { supervised, lines } = start(
    `process.on('SIGTERM', () => socket.end('0 bye\\n', () => process.exit(0))); say('up')`,
  )
  const { socket } = await hear()
  const closed = once(socket, 'close')
  await supervised.stop()
  await closed
  expect(supervised.pid()).toBeUndefined()
  expect(lines).toEqual([])
})

test('a process that does not end within its grace is killed', async () => {
  const { supervised, lines } = start(`process.on('SIGTERM', () => {}); say('up')`, 50)
  await hear()
  await supervised.stop()
  expect(lines).toEqual(['the program did not end within 0.05 s, killing it'])
})

test('the process has a channel that closes when its supervisor is gone', async () => {
  start(`say(String(process.connected))`)
  expect((await hear()).word).toBe('true')
})

test('a program that cannot be started is a line in the log, not the end', async () => {
  const lines: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const log = (line: string) => lines.push(line) === 2 && resolve()
  const program = { name: 'the program', command: ['/nowhere/at/all'] as const, env: process.env, graceMs: 1000 }
  const supervised = supervise(program, log, pauses)
  await promise
  await supervised.stop()
  expect(lines[0]).toMatch(/^the program ended \(spawn .*ENOENT\), starting it again in 0.01 s$/)
})
