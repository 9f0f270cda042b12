import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { type CallbackClient, createCallbackClient } from './callback-client.ts'
import { startPulse } from './pulse.ts'

test('a process that did nothing for a while has stood still, until its timers have run', async () => {
  const pulse = startPulse(700)
  onTestFinished(pulse.stop)
  expect(pulse.stoodStill()).toBe(false)
  const end = performance.now() + 750
  while (performance.now() < end);
  expect(pulse.stoodStill()).toBe(true)
  await until('the next beat', () => !pulse.stoodStill())
})

describe('a process that stood still', () => {
  /** Whether it has, as it is asked each time; the last of them from then on. */
  function clientThat(...stoodStill: boolean[]): CallbackClient {
    const pulse = { stoodStill: () => (stoodStill.length > 1 ? stoodStill.shift() : stoodStill[0]) ?? false, stop() {} }
    const client = createCallbackClient({ allowPrivate: true, allowCidrs: [], allowHosts: [] }, 1_000, undefined, pulse)
    onTestFinished(() => client.close())
    return client
  }

  const send = (client: CallbackClient, url: string) => client.send({ url, body: '{}', headers: {} }).answer

  test('sends nothing on a connection that comes about after it', async () => {
    let bytes = 0
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (it) => {
        bytes += it.length
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    expect(await send(clientThat(false, true), `http://127.0.0.1:${port}`)).toBeNull()
    expect(bytes).toBe(0)
  })

  test('sends nothing on a connection that it has kept', async () => {
    const receiver = await startReceiver()
    onTestFinished(receiver.close)
    const client = clientThat(false, false, true, false)
    expect(await send(client, receiver.origin)).toMatchObject({ outcome: 'succeeded' })
    expect(await send(client, receiver.origin)).toBeNull()
    expect(receiver.arrivals).toHaveLength(1)
    expect(await send(client, receiver.origin)).toMatchObject({ outcome: 'succeeded' })
  })
})
