import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startCalls } from './calls.ts'

/** An API that gives each of these answers in turn, and the last one from then on; what is null cuts the connection. */
async function apiWith(answers: (readonly [status: number, body: unknown] | null)[]) {
  const asked: string[] = []
  const answer: RequestListener = (request, response) => {
    const [status, body] = (answers.length > 1 ? answers.shift() : answers[0]) ?? []
    asked.push(`${request.method} ${request.url} ${request.headers['idempotency-key'] ?? ''}`.trim())
    if (status === undefined) return void response.destroy()
    const type = status < 400 ? 'application/json' : 'application/problem+json'
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
  }
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  return { asked, origin: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('a client asks with the same key until it is answered', async () => {
  const { asked, origin } = await apiWith([null, [503, {}], [201, { job_id: '1' }]])
  const calls = startCalls(origin, () => false)
  const said = await calls.ask('POST', '/jobs', {}, { 'idempotency-key': 'k' })
  expect(said).toEqual({ status: 201, body: { job_id: '1' }, isRepeated: true })
  expect(asked).toEqual(['POST /jobs k', 'POST /jobs k', 'POST /jobs k'])
  expect(calls.answers()).toMatchObject({ 'no answer': 1, '503': 1, ok: 1 })
})

test('a refusal that nobody expects is remembered, without ids', async () => {
  const { origin } = await apiWith([[422, { title: 'No', detail: 'because' }]])
  const calls = startCalls(origin, (method) => method === 'DELETE')
  await calls.ask('PATCH', '/jobs/0197ab00-0000-7000-8000-000000000000', {})
  await calls.ask('DELETE', '/jobs/0197ab00-0000-7000-8000-000000000000')
  expect(calls.refused).toEqual(['PATCH /jobs/{id}: 422 No because'])
})

test('stopped clients leave what is unanswered as it is', async () => {
  const { origin } = await apiWith([[503, {}]])
  const calls = startCalls(origin, () => false)
  const asking = calls.ask('GET', '/jobs')
  calls.stop()
  expect(await asking).toBe(null)
})
