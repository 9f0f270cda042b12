import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openWay, type Way } from './proxy.ts'

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => void close()))

/** Answers each piece with the same. */
async function echo(): Promise<{ url: string; heard: string[] }> {
  const heard: string[] = []
  const server = createServer((socket) => {
    closing.push(() => socket.destroy())
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        heard.push(String(bytes))
        socket.write(bytes)
      })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard }
}

async function setUp(random?: () => number) {
  const { url, heard } = await echo()
  const way = await openWay(url, random)
  closing.push(() => way.close())
  return { way, heard }
}

function dial(way: Way): Socket {
  const { port, hostname } = new URL(way.url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  closing.push(() => socket.destroy())
  return socket
}

/** What comes back first, and after how long. */
async function say(socket: Socket, text: string): Promise<{ answer: string; ms: number }> {
  const began = performance.now()
  socket.write(text)
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return { answer: String(bytes), ms: performance.now() - began }
}

const errorOf = async (socket: Socket) => ((await once(socket, 'error')) as [NodeJS.ErrnoException])[0].code

test('passes on what is sent, in both directions', async () => {
  const { way } = await setUp()
  expect((await say(dial(way), 'one')).answer).toBe('one')
})

test('a delay counts each way, and keeps the order', async () => {
  const { way } = await setUp()
  const socket = dial(way)
  await say(socket, 'before')
  way.set({ delayMs: 60, jitterMs: 50 })
  let all = ''
  socket.on('data', (bytes) => {
    all += bytes
  })
  const began = performance.now()
  for (const it of ['a', 'b', 'c', 'd']) socket.write(it)
  await expect.poll(() => all).toBe('abcd')
  expect(performance.now() - began).toBeGreaterThan(115)
})

test('so many bytes a second, each way', async () => {
  const { way } = await setUp()
  way.set({ bytesPerSecond: 10_000 })
  const socket = dial(way)
  let bytes = 0
  socket.on('data', (it) => {
    bytes += it.length
  })
  const began = performance.now()
  socket.write(Buffer.alloc(2_000))
  await expect.poll(() => bytes, { timeout: 5_000 }).toBe(2_000)
  expect(performance.now() - began).toBeGreaterThan(190)
})

test('what is sent while it is silent arrives when that is over; nobody is told meanwhile', async () => {
  const { way, heard } = await setUp()
  const old = dial(way)
  await say(old, 'before')
  way.set({ silent: 'all' })
  const answered = say(old, 'meanwhile')
  const fresh = dial(way)
  await once(fresh, 'connect')
  const first = say(fresh, 'new')
  await new Promise((resolve) => setTimeout(resolve, 100)) // allowed: that nothing comes is what it is about
  expect(heard).toEqual(['before'])
  way.set({ silent: 'none' })
  expect([(await answered).answer, (await first).answer]).toEqual(['meanwhile', 'new'])
})

test('silence can be of what is open only', async () => {
  const { way, heard } = await setUp()
  const old = dial(way)
  await say(old, 'before')
  way.set({ silent: 'open' })
  old.write('meanwhile')
  expect((await say(dial(way), 'new')).answer).toBe('new')
  expect(heard).toEqual(['before', 'new'])
})

test('a reset is told although all is silent', async () => {
  const { way } = await setUp()
  const socket = dial(way)
  await say(socket, 'before')
  way.set({ silent: 'all' })
  expect(way.reset()).toBe(1)
  expect(await errorOf(socket)).toBe('ECONNRESET')
})

test('a reset is one, of part of what is open', async () => {
  const { way } = await setUp(() => 0.5)
  const socket = dial(way)
  await say(socket, 'before')
  expect(way.reset(0.5)).toBe(0)
  const error = errorOf(socket)
  expect(way.reset(0.6)).toBe(1)
  expect(await error).toBe('ECONNRESET')
})

test('an answer is lost only after what was asked has been passed on', async () => {
  const { way, heard } = await setUp()
  const socket = dial(way)
  await say(socket, 'before')
  way.set({ losesAnswers: 1 })
  const error = errorOf(socket)
  socket.write('asked')
  expect(await error).toBe('ECONNRESET')
  expect(heard).toEqual(['before', 'asked'])
  expect(way.unanswered).toBe(1)
})

test('a cut closes what is open and refuses what comes, until it leads somewhere again', async () => {
  const { way } = await setUp()
  const other = await echo()
  const socket = dial(way)
  await say(socket, 'before')
  const closed = once(socket, 'close')
  way.cut()
  await closed
  expect(await errorOf(dial(way))).toBe('ECONNRESET')
  way.lead(other.url)
  expect((await say(dial(way), 'elsewhere')).answer).toBe('elsewhere')
  expect(other.heard).toEqual(['elsewhere'])
})
