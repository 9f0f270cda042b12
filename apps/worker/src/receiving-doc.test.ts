import { readKeys, seal, signingContext } from '@scheduler/core/seal'
import { createSigner } from '@scheduler/core/sign'
import { newJobId } from '@scheduler/db/queries/create-job'
import { test as base } from '@scheduler/db/test/database'
import { describe, expect, onTestFinished } from 'vitest'
import { createOnceJobs, states } from '../test/jobs.ts'
import { startParts } from '../test/parts.ts'
import { type Arrival, startReceiver } from '../test/receiver.ts'
import { runSnippet, type Snippet, snippetsOf } from '../test/snippets.ts'
import { until } from '../test/until.ts'

// Each receiver that docs/receiving.md shows, run as it stands there, and sent what a real worker sends.
const snippets = snippetsOf('receiving.md')

const keys = readKeys([`k1:${Buffer.alloc(32, 1).toString('base64')}`])
const secret = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`
const PAYLOAD = '{"hello":"wörld"}'

/** A request that a worker has signed with secrets 1 and 2, of a job of its own; as it arrived. */
const test = base.extend('signed', { scope: 'file' }, async ({ clone }): Promise<Arrival> => {
  const receiver = await startReceiver()
  const parts = await startParts(clone.url, { secrets: { keys, signing: [] } })
  try {
    const id = newJobId()
    const signing = [1, 2].map((it) => seal(keys, signingContext(id), secret(it)))
    await createOnceJobs(parts.pool, [{ id, url: `${receiver.origin}/`, payload: PAYLOAD, delivery: { signing } }])
    parts.dispatcher.wake()
    return await until('the request', () => receiver.arrivals[0])
  } finally {
    await parts.close()
    await receiver.close()
  }
})

const run = (snippet: Snippet, secrets: string) => runSnippet(snippet, { WEBHOOK_SECRET: secrets })

type Sent = Pick<Arrival, 'body'> & { headers: Record<string, unknown> }

/** Sends a request on, with the headers that a receiver looks at. */
async function post(url: string, { body, headers }: Sent): Promise<number> {
  const named = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature']
  const given = named.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : []))
  const init = { method: 'POST', body: new Uint8Array(body), headers: Object.fromEntries(given) }
  return (await fetch(url, init)).status
}

test('docs/receiving.md has receivers in three forms', () => {
  expect(snippets.map(({ title }) => title)).toEqual([
    'Node, with the package',
    'Node, without a package',
    'Python, without a package',
  ])
})

describe.for(snippets)('$title', (snippet) => {
  test('takes what is signed, does it once, and refuses whatever was changed', async ({ signed }) => {
    const { url, worked } = await run(snippet, secret(1))
    const { body, headers } = signed
    const seconds = Number(headers['webhook-timestamp'])
    const before = new Date((seconds - 400) * 1_000)
    const old = {
      'webhook-timestamp': String(seconds - 400),
      'webhook-signature': createSigner([secret(1)])(signed.id, before, PAYLOAD),
    }
    const changed: [string, Sent][] = [
      ['body', { headers, body: Buffer.from(PAYLOAD.replace('hello', 'hullo')) }],
      ['white space', { headers, body: Buffer.from(`${PAYLOAD} `) }],
      ['id', { body, headers: { ...headers, 'webhook-id': `${headers['webhook-id']}0` } }],
      ['timestamp', { body, headers: { ...headers, 'webhook-timestamp': String(seconds + 1) } }],
      ['age', { body, headers: { ...headers, ...old } }],
      ['signature', { body, headers: { ...headers, 'webhook-signature': 'v1,AAAA' } }],
      [
        'version',
        {
          body,
          headers: { ...headers, 'webhook-signature': String(headers['webhook-signature']).replaceAll('v1,', 'v2,') },
        },
      ],
      ['no signature', { body, headers: { ...headers, 'webhook-signature': undefined } }],
      ['no timestamp', { body, headers: { ...headers, 'webhook-timestamp': undefined } }],
    ]
    for (const [what, sent] of changed) expect([what, await post(url, sent)]).toEqual([what, 401])
    expect(worked()).toEqual([])
    expect(await post(url, signed)).toBe(200)
    expect(await Promise.all([post(url, signed), post(url, signed)])).toEqual([200, 200])
    expect(JSON.parse((await until('the work', () => worked()[0])).slice('work '.length))).toEqual(JSON.parse(PAYLOAD))
    expect(worked()).toHaveLength(1)
  })

  test.for([
    ['the new secret', secret(1), 200],
    ['the old secret', secret(2), 200],
    ['both', `${secret(2)},${secret(1)}`, 200],
    ['another', secret(3), 401],
  ] as const)('with %s, while one replaces the other', async ([, secrets, status], { signed }) => {
    const { url } = await run(snippet, secrets)
    expect(await post(url, signed)).toBe(status)
  })

  test('takes what a worker sends it', async ({ databaseUrl }) => {
    const { url, worked } = await run(snippet, secret(4))
    const parts = await startParts(databaseUrl, { secrets: { keys, signing: [secret(4)] } })
    onTestFinished(() => parts.close())
    await createOnceJobs(parts.pool, [{ url, payload: PAYLOAD }])
    parts.dispatcher.wake()
    await until('its success', async () => (await states(parts.pool)).succeeded === 1)
    expect(await until('the work', () => worked().length)).toBe(1)
  })
})
