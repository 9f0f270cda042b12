import type { TargetPolicy } from '@scheduler/core/settings'
import { checkAddress, checkTarget, isMetadataAddress, METADATA_HOSTS } from '@scheduler/core/target'
import { redirects, resolved, type SsrfVector, written } from '@scheduler/core/test/ssrf-vectors'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listenEverywhere, resolver } from '../test/loopback.ts'
import { startReceiver } from '../test/receiver.ts'
import { type CallbackClient, createCallbackClient } from './callback-client.ts'

const production: TargetPolicy = { allowPrivate: false, allowCidrs: [], allowHosts: [] }
const development: TargetPolicy = { ...production, allowPrivate: true }
const blocked = { outcome: 'blocked', status: null, error: 'blocked_destination' }

const at = (url: string, port: number) => url.replaceAll('PORT', String(port))
const all: readonly ({ group: string } & SsrfVector)[] = [
  ...Object.entries(written).flatMap(([group, urls]) => urls.map((url) => ({ group, url }))),
  ...Object.entries(resolved).flatMap(([group, them]) => them.map((it) => ({ group, ...it }))),
]

function clientOf(policy: TargetPolicy, resolve: (host: string) => readonly string[]): CallbackClient {
  const client = createCallbackClient(policy, 500, resolver(resolve))
  onTestFinished(() => client.close())
  return client
}

const send = (client: CallbackClient, url: string) => client.send({ url, body: '{}', headers: {} }).answer

test('each vector is there once', () => {
  expect(new Set(all.map((it) => `${it.url} ${JSON.stringify(it)}`)).size).toBe(all.length)
  expect(all.length).toBeGreaterThanOrEqual(150)
})

describe('in production', () => {
  // A name that a vector says nothing of resolves to this machine, so that whatever slipped through would arrive.
  test.for(all)('$group: $url is not called', async (vector) => {
    const listener = await listenEverywhere()
    const { resolves = ['127.0.0.1', '::1'] } = vector
    const url = at(vector.url, listener.port)
    const answer = await send(
      clientOf(production, () => resolves),
      url,
    )
    expect(listener.connections).toBe(0)
    if (URL.canParse(url)) expect(answer).toMatchObject(blocked)
    else expect(answer).toMatchObject({ outcome: 'unreachable', error: 'ERR_INVALID_URL' })
  })

  test('a name that is rebound was resolved to something that nobody would object to', () => {
    const them = Object.values(resolved).flatMap((it) => it.flatMap(({ resolvedBefore: it }) => it ?? []))
    expect(them.length).toBeGreaterThan(0)
    for (const address of them) expect(checkAddress(address, production)).toBeNull()
  })

  test.for(redirects)('a receiver that answers $status is not followed to $location', async ({ status, location }) => {
    const inside = await listenEverywhere()
    const receiver = await startReceiver((_, response) =>
      response.writeHead(status, { location: at(location, inside.port) }).end(),
    )
    onTestFinished(receiver.close)
    const client = clientOf({ ...production, allowHosts: ['good.test'] }, () => ['127.0.0.1'])
    const answer = await send(client, `http://good.test:${receiver.port}/`)
    expect(answer).toMatchObject({ outcome: 'rejected', status })
    expect([receiver.arrivals.length, inside.connections]).toEqual([1, 0])
  })

  test('how many there are of each, and what became of them', async () => {
    const listener = await listenEverywhere()
    const ends: Record<string, number> = {}
    for (const vector of all) {
      const { resolves = ['127.0.0.1'] } = vector
      const answer = await send(
        clientOf(production, () => resolves),
        at(vector.url, listener.port),
      )
      const end = answer?.outcome === 'blocked' ? 'blocked' : `${answer?.outcome} ${answer?.error}`
      ends[end] = (ends[end] ?? 0) + 1
    }
    const groups = Object.entries(Object.groupBy(all, (it) => it.group)).map(([group, them]) => [group, them?.length])
    console.log(`${all.length} vectors and ${redirects.length} redirects: ${JSON.stringify(ends)}`)
    console.log(Object.fromEntries(groups), `connections: ${listener.connections}`)
    expect(Object.keys(ends).toSorted()).toEqual(['blocked', 'unreachable ERR_INVALID_URL'])
    expect(listener.connections).toBe(0)
  })
})

describe('connections that are kept', () => {
  test('by a target that is allowed are not used for one that is refused, whatever its name', async () => {
    const receiver = await startReceiver()
    onTestFinished(receiver.close)
    const client = clientOf({ ...production, allowHosts: ['good.test'] }, () => ['127.0.0.1'])
    for (let n = 0; n < 3; n += 1) {
      expect(await send(client, `http://good.test:${receiver.port}/`)).toMatchObject({ outcome: 'succeeded' })
    }
    for (const host of ['127.0.0.1', 'localhost', 'bad.test', 'good.test.evil.test', '2130706433', '[::ffff:7f00:1]']) {
      expect(await send(client, `http://${host}:${receiver.port}/`), host).toMatchObject(blocked)
    }
    expect([receiver.connections, receiver.arrivals.length]).toEqual([1, 3])
  })
})

describe('what is allowed', () => {
  test('by a range are its addresses, written and resolved, and no others', async () => {
    const receiver = await startReceiver()
    onTestFinished(receiver.close)
    const policy = { ...production, allowCidrs: ['127.0.0.0/30'] }
    const client = clientOf(policy, (host) => [host === 'in.test' ? '127.0.0.1' : '127.0.0.4'])
    const to = (host: string) => send(client, `http://${host}:${receiver.port}/`)
    for (const host of ['127.0.0.1', '2130706433', 'in.test']) expect(await to(host)).toMatchObject({ status: 200 })
    for (const host of ['127.0.0.4', '0x7f000004', 'out.test', '10.0.0.1', '[::1]', '[2002:7f00:1::]']) {
      const isWrapped = host.startsWith('[2002')
      // A tunnel to an allowed address leads to an allowed address.
      expect(checkTarget(new URL(`http://${host}/`), policy) === null, host).toBe(isWrapped || host === 'out.test')
      if (!isWrapped) expect(await to(host), host).toMatchObject(blocked)
    }
  })

  test('by its name is that host, with a final dot too, and none whose name only looks like it', async () => {
    const receiver = await startReceiver()
    onTestFinished(receiver.close)
    const client = clientOf({ ...production, allowHosts: ['good.test'] }, () => ['127.0.0.1'])
    const to = (host: string) => send(client, `http://${host}:${receiver.port}/`)
    for (const host of ['good.test', 'GOOD.test', 'good.test.']) expect(await to(host)).toMatchObject({ status: 200 })
    for (const host of ['a.good.test', 'good.test.a', 'ood.test', 'xgood.test']) {
      expect(await to(host), host).toMatchObject(blocked)
    }
  })

  test('in development is this machine, but never what clouds hand out', async () => {
    const receiver = await startReceiver()
    onTestFinished(receiver.close)
    const client = clientOf(development, () => ['127.0.0.1'])
    for (const host of ['127.0.0.1', 'localhost', 'name.test', '2130706433']) {
      expect(await send(client, `http://${host}:${receiver.port}/`), host).toMatchObject({ outcome: 'succeeded' })
    }
    const listener = await listenEverywhere()
    for (const url of written['what clouds hand out'] ?? []) expect(await send(client, url), url).toMatchObject(blocked)
    for (const { resolves = [] } of Object.values(resolved).flat()) {
      if (!resolves.some(isMetadataAddress)) continue
      const answer = await send(
        clientOf(development, () => resolves),
        `http://name.test:${listener.port}/`,
      )
      expect(answer, String(resolves)).toMatchObject(blocked)
    }
    for (const host of METADATA_HOSTS) {
      expect(await send(client, `http://${host}:${listener.port}/`), host).toMatchObject(blocked)
    }
    expect(listener.connections).toBe(0)
  })
})
