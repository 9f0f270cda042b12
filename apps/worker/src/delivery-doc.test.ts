import { test } from '@scheduler/db/test/database'
import { describe, expect, onTestFinished } from 'vitest'
import { startApiProcess } from '../../../scripts/e2e/api-process.ts'
import { ENCRYPTION_KEYS, keys } from '../test/acknowledging.ts'
import { attempts, createOnceJobs, states } from '../test/jobs.ts'
import { startParts } from '../test/parts.ts'
import { startProxy } from '../test/proxy.ts'
import { type Answer, type Receiver, startReceiver } from '../test/receiver.ts'
import { runSnippet, type Snippet, snippetsOf } from '../test/snippets.ts'
import { until } from '../test/until.ts'

// Both receivers that docs/delivery.md shows, run as they stand there, between a real API and a real worker.
const [takingTime, oncePerId, ...more] = snippetsOf('delivery.md') as [Snippet, Snippet, ...Snippet[]]
const PAYLOAD = { hello: 'wörld' }
const DONE = `work ${JSON.stringify(PAYLOAD)}`

const key = { authorization: 'Bearer the-only-key', 'content-type': 'application/json' }
const delivery = { retry: { limit: 3, minBackoffSeconds: 0.1, jitter: 0 } }

test('docs/delivery.md has two receivers', () => {
  expect([takingTime.title, oncePerId.title]).toEqual([
    'Work that takes longer',
    'At least once, and how to tell a repetition',
  ])
  expect(more).toEqual([])
})

/** What stands between a client and a server, and lets all through until it is told otherwise. */
async function startFront(target: () => string) {
  const pass: Answer = (it, response) =>
    void passOn(it).then(
      ({ status, text }) => response.writeHead(status).end(text),
      () => response.destroy(),
    )
  const front: Receiver = await startReceiver(pass)
  onTestFinished(() => front.close())
  async function passOn({ path, headers, body }: Parameters<Answer>[0]) {
    const { host: _, connection: __, 'content-length': ___, ...rest } = headers
    const init = { method: 'POST', headers: rest as Record<string, string>, body: new Uint8Array(body) }
    const answer = await fetch(target() + path, init)
    return { status: answer.status, text: await answer.text() }
  }
  return { front, passOn, pass }
}

/** An API behind a front, at which receivers call it, and a worker. */
async function start(databaseUrl: string) {
  const database = await startProxy(databaseUrl)
  onTestFinished(() => database.close())
  const fronted = await startFront(() => api.url)
  const PUBLIC_URL = fronted.front.origin
  const api = await startApiProcess({
    ...{ DATABASE_URL: database.url, PUBLIC_URL, ENCRYPTION_KEYS, API_KEYS: 'the-only-key' },
  })
  onTestFinished(() => api.kill())
  const parts = await startParts(databaseUrl, { publicUrl: PUBLIC_URL, secrets: { keys, signing: [] } })
  onTestFinished(() => parts.close())
  /** Runs a job whose receiver is at `url`. Returns the execution's id. */
  const run = async (url: string) => {
    const job = {
      ...{ schedule_time: '2099-01-01T00:00:00', timezone: 'UTC', callback_url: url, payload: PAYLOAD },
      ...{ async: { timeout_seconds: 60 }, retry: { min_backoff_seconds: 1, jitter: 0 } },
    }
    const made = await fetch(`${api.url}/jobs`, { method: 'POST', headers: key, body: JSON.stringify(job) })
    const { job_id } = (await made.json()) as { job_id: string }
    const answer = await until('the API to have its queue', async () => {
      const it = await fetch(`${api.url}/jobs/${job_id}/run`, { method: 'POST', headers: key })
      return it.status === 202 && ((await it.json()) as { execution_id: string })
    })
    parts.claimer.wake()
    return answer.execution_id
  }
  const ended = (id: string) =>
    until('its end', async () => {
      const it = await fetch(`${api.url}/executions/${id}`, { headers: key })
      const { state, attempts: made } = (await it.json()) as { state: string; attempts: { status: number | null }[] }
      // Its word may be written down before the 202 is.
      return ['succeeded', 'failed'].includes(state) && made.at(-1)?.status === 202 && { state, attempts: made }
    })
  return { ...fronted, database, run, ended }
}

describe('the receiver that takes its time', () => {
  test.for(['no database', 'a dead connection', 'a lost answer'] as const)(
    'says that it is done until it is heard, past %s, and does the work once',
    async (trouble, { databaseUrl }) => {
      const { front, pass, passOn, database, run, ended } = await start(databaseUrl)
      const { url, worked } = await runSnippet(takingTime, {})
      const running = run(url)
      const said: string[] = []
      front.answer = async (it, response, request) => {
        const [, action = ''] = /\/(\w+)\?/.exec(it.path) ?? []
        said.push(action)
        if (said.length > 1) return pass(it, response, request)
        await running
        if (trouble === 'a dead connection') return void response.destroy()
        if (trouble === 'no database') database.cut()
        const { status, text } = await passOn(it)
        said.push(`answered ${status}`)
        database.restore()
        if (trouble === 'a lost answer') response.destroy()
        else response.writeHead(status).end(text)
      }
      const { state, attempts: made } = await ended(await running)
      expect(state).toBe('succeeded')
      expect(made).toMatchObject([{ attempt: 1, outcome: 'succeeded', status: 202, error: null }])
      await until('the second time', () => said.filter((it) => it === 'ack').length === 2)
      const first = { 'no database': ['answered 503'], 'a dead connection': [], 'a lost answer': ['answered 200'] }
      expect(said).toEqual(['ack', ...first[trouble], 'ack'])
      expect(worked()).toEqual([DONE])
    },
  )

  test('says that it has failed until it is heard, and does it at the next attempt', async ({ databaseUrl }) => {
    const { front, pass, run, ended } = await start(databaseUrl)
    front.answer = (it, response, request) =>
      front.arrivals.length === 1 ? void response.destroy() : pass(it, response, request)
    const failing = `let times = 0
      async function work(payload) {
        console.log('work', JSON.stringify(payload))
        if (++times === 1) throw new Error('out of paper')
      }`
    const code = takingTime.code.replace(/^async function work.*/ms, failing)
    const { url, worked } = await runSnippet({ ...takingTime, code }, {})
    const { state, attempts: made } = await ended(await run(url))
    expect(state).toBe('succeeded')
    expect(made).toMatchObject([
      { attempt: 1, outcome: 'rejected', error: 'nack', response_head: 'out of paper' },
      { attempt: 2, outcome: 'succeeded', error: null },
    ])
    expect(front.arrivals.map(({ path }) => /\/(\w+)\?attempt=\d/.exec(path)?.[0])).toEqual([
      '/nack?attempt=1',
      '/nack?attempt=1',
      '/ack?attempt=2',
    ])
    expect(worked()).toEqual([DONE, DONE])
  })
})

test.for([
  ['that takes its time, of a job that is not async', takingTime, 202],
  ['that does it once for each webhook-id', oncePerId, 200],
] as const)(
  'the receiver %s does the work once, though its first answer is lost',
  async ([, snippet, status], { databaseUrl, pool }) => {
    const { url, worked } = await runSnippet(snippet, {})
    const { front, pass, passOn } = await startFront(() => new URL(url).origin)
    front.answer = (it, response, request) =>
      front.arrivals.length === 1 ? void passOn(it).then(() => response.destroy()) : pass(it, response, request)
    const parts = await startParts(databaseUrl)
    onTestFinished(() => parts.close())
    await createOnceJobs(pool, [{ url: `${front.origin}/`, payload: JSON.stringify(PAYLOAD), delivery }])
    parts.dispatcher.wake()
    await until('its success', async () => (await states(pool)).succeeded === 1)
    expect(await attempts(pool)).toMatchObject([{ outcome: 'unreachable' }, { outcome: 'succeeded', status }])
    expect(new Set(front.arrivals.map(({ id }) => id)).size).toBe(1)
    expect(worked()).toEqual([DONE])
  },
)
