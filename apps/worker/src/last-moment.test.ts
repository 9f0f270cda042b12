// What a worker that stood still may have on its way: a request waits for its name and its connection, and a process may be
// stopped anywhere before it is written.
import { createServer as createSecure } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { test } from '@scheduler/db/test/database'
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest'
import { selfSigned } from '../test/certificate.ts'
import { createOnceJobs } from '../test/jobs.ts'
import { resolver } from '../test/loopback.ts'
import { startParts } from '../test/parts.ts'
import { startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { type CallbackClient, createCallbackClient } from './callback-client.ts'

const own = selfSigned('tls.test')
const usual = getCACertificates()

beforeAll(() => setDefaultCACertificates([...usual, own.cert]))
afterAll(() => setDefaultCACertificates(usual))

const resolve = resolver(() => ['127.0.0.1'])

function client(): CallbackClient {
  const made = createCallbackClient({ allowPrivate: true, allowCidrs: [], allowHosts: [] }, 1_000, resolve)
  onTestFinished(() => made.close())
  return made
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** Sends a request that may go as long as `answers` say, in turn. */
async function send(by: CallbackClient, url: string, ...answers: boolean[]) {
  const sending = by.send({ url, body: '{}', headers: {} }, () => answers.shift() ?? true)
  return { answer: await sending.answer, wasSent: sending.wasSent(), askedAll: answers.length === 0 }
}

const held = { answer: null, wasSent: false, askedAll: true }

describe('a request that may not go any more', () => {
  test('is not written to a connection that has come about meanwhile', async () => {
    let bytes = 0
    const closed: Promise<void>[] = []
    const server = createServer((socket) => {
      socket
        .on('error', () => {})
        .on('data', (it) => {
          bytes += it.length
        })
      closed.push(new Promise((resolve) => socket.on('close', () => resolve())))
    })
    expect(await send(client(), `http://127.0.0.1:${await listen(server)}`, true, false)).toEqual(held)
    await until('the connection', () => closed.length === 1)
    await closed[0]
    expect(bytes).toBe(0)
  })

  test('is not written to one whose handshake has ended meanwhile', async () => {
    let requests = 0
    const ended: boolean[] = []
    const server = createSecure(own, () => {
      requests += 1
    })
    server.on('secureConnection', (socket) => socket.on('error', () => {}).on('close', () => ended.push(true)))
    server.on('tlsClientError', () => ended.push(true))
    const port = await listen(server)
    expect(await send(client(), `https://tls.test:${port}`, true, true, false)).toEqual(held)
    await until('the connection to end', () => ended.length === 1)
    expect(requests).toBe(0)
  })

  test('is not written to a kept one; and a later one is', async () => {
    const receiver = await startReceiver()
    onTestFinished(receiver.close)
    const one = client()
    const good = { answer: expect.objectContaining({ outcome: 'succeeded' }), wasSent: true }
    expect(await send(one, receiver.origin)).toMatchObject(good)
    expect(await send(one, receiver.origin, false)).toEqual(held)
    expect(await send(one, receiver.origin)).toMatchObject(good)
    expect(receiver.arrivals).toHaveLength(2)
  })
})

test('an attempt whose claim has grown old while it waited for its connection is given up, and nothing is sent', async ({
  pool,
  databaseUrl,
}) => {
  const receiver = await startReceiver()
  const slow = resolver(() => ['127.0.0.1'], 700)
  const leaseTimes = { fenceMs: 300, touchMs: 60_000, lostMs: 60_000 }
  const parts = await startParts(databaseUrl, { resolve: slow, leaseTimes })
  onTestFinished(async () => {
    await parts.close()
    await receiver.close()
  })
  await createOnceJobs(pool, [{ url: `http://slow.test:${receiver.port}/` }])
  parts.dispatcher.wake()
  const outcomes = await until('an attempt', async () => {
    const { rows } = await pool.query<{ outcome: string }>('select outcome::text from attempts order by attempt')
    return rows.length > 0 && rows.map((it) => it.outcome)
  })
  expect(outcomes[0]).toBe('abandoned')
  expect(receiver.arrivals).toHaveLength(0)
})
