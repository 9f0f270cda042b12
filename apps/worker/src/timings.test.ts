import type { Server as PlainServer } from 'node:http'
import { createServer as createPlain } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { test } from '@scheduler/db/test/database'
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest'
import { selfSigned } from '../test/certificate.ts'
import { createOnceJobs } from '../test/jobs.ts'
import { listenEverywhere, resolver } from '../test/loopback.ts'
import { startParts } from '../test/parts.ts'
import { answerAfter, startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { createCallbackClient } from './callback-client.ts'

const DNS_MS = 60
const FIRST_BYTE_MS = 120
const own = selfSigned('tls.test')
const usual = getCACertificates()

beforeAll(() => setDefaultCACertificates([...usual, own.cert]))
afterAll(() => setDefaultCACertificates(usual))

function clientOf(timeoutMs = 5_000) {
  const open = { allowPrivate: true, allowCidrs: [], allowHosts: [] }
  const client = createCallbackClient(
    open,
    timeoutMs,
    resolver(() => ['127.0.0.1'], DNS_MS),
  )
  onTestFinished(() => client.close())
  return async (url: string) => await client.send({ url, body: '{}', headers: {} }).answer
}

/** Answers the head and the body each a while after what is before it. */
async function serve(server: PlainServer): Promise<number> {
  server.on('request', (_, response) => {
    const end = () => response.end('ok')
    const begin = () => {
      response.writeHead(200, { 'content-length': '2' }).flushHeaders()
      setTimeout(end, 80) // allowed: how long a receiver takes is what is measured
    }
    setTimeout(begin, FIRST_BYTE_MS) // allowed: as above
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const spent = (least: number) => expect.toSatisfy((ms: number) => Number.isInteger(ms) && ms >= least && ms < 3_000)

describe('where the time of an attempt went', () => {
  test('over TLS: the name, the connection, the handshake, the wait and all of it; on a kept one only the latter', async () => {
    const port = await serve(createSecure(own))
    const send = clientOf()
    const first = await send(`https://tls.test:${port}/`)
    expect(first).toMatchObject({ outcome: 'succeeded', status: 200 })
    const waits = { firstByte: spent(FIRST_BYTE_MS / 2), total: spent(FIRST_BYTE_MS + 70) }
    expect(first?.timings).toEqual({ dns: spent(DNS_MS / 2), connect: spent(0), tls: spent(0), ...waits })
    const { dns, connect, tls, firstByte, total } = first?.timings ?? {}
    const sum = (dns ?? 0) + (connect ?? 0) + (tls ?? 0) + (firstByte ?? 0)
    expect(sum, 'its parts are within the whole').toBeLessThanOrEqual((total ?? 0) + 10)
    const kept = await send(`https://tls.test:${port}/`)
    expect(kept?.timings).toEqual({ dns: null, connect: null, tls: null, ...waits })
  })

  test('without TLS there is no handshake', async () => {
    const port = await serve(createPlain())
    const send = clientOf()
    const timings = (await send(`http://name.test:${port}/`))?.timings
    expect(timings).toMatchObject({
      dns: spent(DNS_MS / 2),
      connect: spent(0),
      tls: null,
      firstByte: spent(FIRST_BYTE_MS / 2),
    })
    expect((await send(`http://name.test:${port}/`))?.timings).toMatchObject({ dns: null, connect: null, tls: null })
  })

  test('an attempt that broke off has what it got to, and how long it took', async () => {
    const { port } = await listenEverywhere((socket) => socket.resume())
    const answer = await clientOf(300)(`https://tls.test:${port}/`)
    expect(answer).toMatchObject({ outcome: 'timed_out', error: 'ETIMEDOUT' })
    expect(answer?.timings).toEqual({
      dns: spent(DNS_MS / 2),
      connect: spent(0),
      tls: null,
      firstByte: null,
      total: spent(280),
    })
  })

  test('what was blocked took no time at all', async () => {
    const answer = await clientOf()('http://169.254.169.254/')
    expect(Object.values(answer?.timings ?? {})).toEqual([null, null, null, null, null])
  })
})

test('a certificate that nobody vouches for is no destination, and is named by its code', async () => {
  const stranger = selfSigned('tls.test')
  const port = await serve(createSecure(stranger))
  expect(await clientOf()(`https://tls.test:${port}/`)).toMatchObject({
    ...{ outcome: 'unreachable', status: null, error: 'DEPTH_ZERO_SELF_SIGNED_CERT', head: null },
  })
})

test('one of another name is none either', async () => {
  const port = await serve(createSecure(own))
  expect(await clientOf()(`https://other.test:${port}/`)).toMatchObject({
    ...{ outcome: 'unreachable', error: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  })
})

test('the ledger has them with each attempt', async ({ pool, databaseUrl }) => {
  const receiver = await startReceiver(answerAfter(FIRST_BYTE_MS))
  const parts = await startParts(databaseUrl)
  onTestFinished(async () => {
    await parts.close()
    await receiver.close()
  })
  const rowsOf = async () => {
    const { rows } = await pool.query(
      'select dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms from attempts order by started_at',
    )
    return rows
  }
  for (const count of [1, 2]) {
    await createOnceJobs(parts.pool, [{ url: receiver.origin }])
    parts.dispatcher.wake()
    await until('the attempt', async () => (await rowsOf()).length === count)
  }
  const waits = { tls_ms: null, first_byte_ms: spent(FIRST_BYTE_MS / 2), total_ms: spent(FIRST_BYTE_MS / 2) }
  expect(await rowsOf()).toEqual([
    { dns_ms: spent(0), connect_ms: spent(0), ...waits },
    { dns_ms: null, connect_ms: null, ...waits },
  ])
})
