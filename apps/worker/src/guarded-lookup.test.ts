import { type LookupAddress, lookup } from 'node:dns'
import type { TargetPolicy } from '@scheduler/core/settings'
import { METADATA_ADDRESSES, METADATA_HOSTS } from '@scheduler/core/target'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { deadPort, type Receiver, startReceiver } from '../test/receiver.ts'
import { createCallbackClient } from './callback-client.ts'

const strict: TargetPolicy = { allowPrivate: false, allowCidrs: [], allowHosts: [] }
const modes: [string, TargetPolicy][] = [
  ['strict', strict],
  ['that allows private addresses', { ...strict, allowPrivate: true }],
  [
    'that allows their range',
    { ...strict, allowCidrs: ['169.254.0.0/16', '100.64.0.0/10', 'fc00::/7', '::/0', '0.0.0.0/0'] },
  ],
  ['that allows the host', { ...strict, allowHosts: ['name.test', ...METADATA_ADDRESSES, ...METADATA_HOSTS] }],
]
const blocked = { outcome: 'blocked', status: null, error: 'blocked_destination', head: null }

/** A resolver that gives every name these addresses. */
function resolvesTo(...addresses: string[]): typeof lookup {
  const found: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const resolve = (_host: string, options: { all?: boolean }, callback: (...results: unknown[]) => void) =>
    options.all ? callback(null, found) : callback(null, found[0]?.address, found[0]?.family)
  return resolve as unknown as typeof lookup
}

async function receiver(): Promise<Receiver> {
  const it = await startReceiver()
  onTestFinished(it.close)
  return it
}

async function send(policy: TargetPolicy, url: string, resolve: typeof lookup = lookup) {
  const client = createCallbackClient(policy, 500, resolve)
  onTestFinished(() => client.close())
  return await client.send({ url, body: '{}', headers: {} }).answer
}

describe('a strict policy', () => {
  test.for([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0.0.0.0',
    '0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    'localhost',
    'localhost.',
    'a.localhost',
    '①②⑦.⓪.⓪.①',
  ])('refuses the address %s as it is written, and nothing reaches the listener', async (host) => {
    const { port, connections, arrivals } = await receiver()
    expect(await send(strict, `http://${host}:${port}/`)).toMatchObject(blocked)
    expect([connections, arrivals.length]).toEqual([0, 0])
  })

  test.for([
    [['127.0.0.1']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['10.0.0.1']],
    [['0.0.0.0']],
    [['fe80::1']],
    [['192.0.2.1', '127.0.0.1']],
    [['127.0.0.1', '192.0.2.1']],
  ])('refuses a name that resolves to %j, and nothing reaches the listener', async ([addresses]) => {
    const it = await receiver()
    expect(await send(strict, `http://name.test:${it.port}/`, resolvesTo(...(addresses ?? [])))).toMatchObject(blocked)
    expect(it.connections).toBe(0)
  })

  test('checks at the moment of connecting: a name that was public before is refused once it is not', async () => {
    const it = await receiver()
    const policy = { ...strict, allowCidrs: ['127.0.0.0/8'] }
    let address = '127.0.0.1'
    const client = createCallbackClient(policy, 500, ((...args: Parameters<typeof lookup>) =>
      resolvesTo(address)(...args)) as typeof lookup)
    onTestFinished(() => client.close())
    const request = { url: `http://name.test:${it.port}/`, body: '{}', headers: { connection: 'close' } }
    expect(await client.send(request).answer).toMatchObject({ outcome: 'succeeded' })
    address = '10.0.0.1'
    expect(await client.send(request).answer).toMatchObject(blocked)
  })

  test('a connection made for an allowed host is not used for another name of the same machine', async () => {
    const it = await receiver()
    const client = createCallbackClient({ ...strict, allowHosts: ['good.test'] }, 500, resolvesTo('127.0.0.1'))
    onTestFinished(() => client.close())
    const to = (host: string) => client.send({ url: `http://${host}:${it.port}/`, body: '{}', headers: {} }).answer
    expect(await to('good.test')).toMatchObject({ outcome: 'succeeded' })
    expect(await to('bad.test')).toMatchObject(blocked)
    expect([it.connections, it.arrivals.length]).toEqual([1, 1])
  })
})

describe('exceptions', () => {
  test('a name with one allowed address and one that is not is refused: nobody knows which would be taken', async () => {
    const it = await receiver()
    const policy = { ...strict, allowCidrs: ['127.0.0.0/8'] }
    for (const addresses of [
      ['127.0.0.1', '10.0.0.1'],
      ['10.0.0.1', '127.0.0.1'],
    ]) {
      expect(await send(policy, `http://name.test:${it.port}/`, resolvesTo(...addresses))).toMatchObject(blocked)
    }
    expect(it.connections).toBe(0)
  })

  test('an allowed range lets its addresses through, written or resolved, and no others, without a word on stderr', async () => {
    const warned = vi.spyOn(console, 'warn')
    onTestFinished(() => warned.mockRestore())
    const it = await receiver()
    const policy = { ...strict, allowCidrs: ['::1/128', '127.0.0.0/8', 'fd00::/8'] }
    expect(await send(policy, it.origin)).toMatchObject({ outcome: 'succeeded' })
    expect(await send(policy, `http://name.test:${it.port}/`, resolvesTo('127.0.0.1'))).toMatchObject({ status: 200 })
    for (const other of ['10.0.0.1', 'fe80::1', '192.168.0.1']) {
      expect(await send(policy, `http://name.test:${it.port}/`, resolvesTo(other))).toMatchObject(blocked)
    }
    expect(warned).not.toHaveBeenCalled()
  })

  test('an allowed host may resolve to a private address, and another host to the same one may not', async () => {
    const it = await receiver()
    const policy = { ...strict, allowHosts: ['good.test'] }
    expect(await send(policy, `http://good.test:${it.port}/`, resolvesTo('127.0.0.1'))).toMatchObject({ status: 200 })
    expect(await send(policy, `http://bad.test:${it.port}/`, resolvesTo('127.0.0.1'))).toMatchObject(blocked)
  })

  test('a range that is none is refused at the start, with its name', () => {
    expect(() => createCallbackClient({ ...strict, allowCidrs: ['10.0.0.0/8', 'ten'] })).toThrow(
      "CALLBACK_ALLOW_CIDRS: ten can't be allowed.",
    )
  })
})

describe.for(modes)('a policy %s', ([, policy]) => {
  test('blocks every metadata address as it is written', async () => {
    for (const address of [...METADATA_ADDRESSES, '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe']) {
      const host = address.includes(':') ? `[${address}]` : address
      expect(await send(policy, `http://${host}/`), address).toMatchObject(blocked)
    }
  })

  test('blocks every metadata host by its name', async () => {
    for (const host of METADATA_HOSTS) {
      expect(await send(policy, `http://${host}/`, resolvesTo('127.0.0.1')), host).toMatchObject(blocked)
    }
  })

  test('blocks a name that resolves to a metadata address, in whatever notation', async () => {
    const port = await deadPort()
    for (const address of [...METADATA_ADDRESSES, '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::']) {
      expect(await send(policy, `http://name.test:${port}/`, resolvesTo(address)), address).toMatchObject(blocked)
    }
  })
})
