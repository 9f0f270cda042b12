import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { fuzz } from './fuzz.ts'
import { countOf } from './show.ts'
import { worldOf } from './world.ts'

async function fuzzed(listener: RequestListener, requests: number) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return await fuzz({ world: worldOf(1, 'http://127.0.0.1:9'), port, requests, atOnce: 8 })
}

test('a service that answers anything is found out, operation by operation', async () => {
  const report = await fuzzed((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"job_id":7}')
  }, 600)
  expect(report.requests).toBe(600)
  expect(countOf(report, /breaks its schema/)).toBeGreaterThan(200)
  expect(report.faults[0]?.command).toMatch(/^curl -i /)
})

test('a service that fails is found out, and one that closes connections', async () => {
  const failing = await fuzzed((_request, response) => void response.writeHead(500).end(), 200)
  expect(countOf(failing, /: is 500$/)).toBeGreaterThan(150)
  const closing = await fuzzed((request) => request.socket.destroy(), 100)
  expect(countOf(closing, /was not answered/)).toBeGreaterThan(80)
})
