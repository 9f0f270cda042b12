// Ways to send a callback by got, from what its readme shows to what our worker does. Each but the first has a client that
// was made once; all read the whole answer.
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import got, { type Got, type OptionsInit } from 'got'
import { createDeliver, type Deliver, headersOf, TIMEOUT_MS } from './deliver.ts'
import type { Item } from './item.ts'

/** The options that never differ: got takes them apart once instead of with each request. */
const once: OptionsInit = {
  method: 'POST',
  followRedirect: false,
  throwHttpErrors: false,
  retry: { limit: 0 },
  decompress: false,
  http2: false,
}

const optionsOf = (item: Item) => ({ headers: headersOf(item), body: item.body, timeout: { request: TIMEOUT_MS } })

const make = (more: OptionsInit = {}): Got =>
  got.extend({ ...once, agent: { http: new Agent({ keepAlive: true, scheduling: 'lifo' }) }, ...more })

function byPromise(client: Got): Deliver {
  return async (item) => void (await client(item.url, optionsOf(item)))
}

function byStream(client: Got): Deliver {
  return (item) =>
    new Promise((resolve, reject) => {
      client.stream(item.url, optionsOf(item)).on('error', reject).on('end', resolve).resume()
    })
}

/** Hands Node no more than what is set, as our worker's client does. */
function plainRequest(
  url: URL,
  { method, headers, agent }: RequestOptions,
  callback?: (response: IncomingMessage) => void,
) {
  return httpRequest(url, { method, headers, agent }, callback)
}

/** From the barest to ours, each made anew. */
export const ways: [name: string, create: () => Deliver][] = [
  ['node:http', () => createDeliver('http')],
  ['got, promise as documented', () => createDeliver('promise')],
  ['got made once, promise', () => byPromise(make())],
  ['got made once, stream', () => byStream(make())],
  ['got made once, stream, plain request', () => byStream(make({ request: plainRequest }))],
  ['ours', () => createDeliver('stream')],
]
