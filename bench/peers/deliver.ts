import { Agent, request } from 'node:http'
import { callbackHeaders } from '@scheduler/core/callback'
import { createCallbackClient } from '@scheduler/worker/callback-client'
import got from 'got'
import type { Item } from './item.ts'

/**
 * How a peer delivers: by got's promise API, as most would write it; in our own style, with the very client of our
 * worker; or by node:http, which is what both are built on.
 */
export const styles = ['promise', 'stream', 'http'] as const
export type Style = (typeof styles)[number]

/** Sends a callback and reads its answer. @throws when it is no success. */
export type Deliver = (item: Item) => Promise<void>

export const TIMEOUT_MS = 10_000

export function createDeliver(style: Style): Deliver {
  if (style === 'promise') return byPromise
  return style === 'stream' ? byOurClient() : byHttp()
}

export const headersOf = (item: Item) =>
  callbackHeaders({
    ...{ executionId: item.id, jobId: item.jobId, scheduledFor: new Date(item.scheduledFor), attempt: 1 },
    ...{ sentAt: new Date(), hasBody: true },
  })

const byPromise: Deliver = async (item) => {
  const options = { body: item.body, headers: headersOf(item), retry: { limit: 0 }, timeout: { request: TIMEOUT_MS } }
  await got.post(item.url, options)
}

function byOurClient(): Deliver {
  const client = createCallbackClient({ allowPrivate: true, allowCidrs: [], allowHosts: [] }, TIMEOUT_MS)
  return async (item) => {
    const answer = await client.send({ url: item.url, body: item.body, headers: headersOf(item) }).answer
    if (answer?.outcome !== 'succeeded') throw new Error(`callback ${answer?.outcome}`)
  }
}

function byHttp(): Deliver {
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo' })
  return (item) =>
    new Promise((resolve, reject) => {
      const headers = { ...headersOf(item), 'content-length': Buffer.byteLength(item.body) }
      const sent = request(item.url, { method: 'POST', agent, headers, timeout: TIMEOUT_MS }, (response) => {
        response.on('end', resolve).on('error', reject).resume()
      })
      sent.on('timeout', () => sent.destroy(new Error('callback timed out'))).on('error', reject)
      sent.end(item.body)
    })
}
