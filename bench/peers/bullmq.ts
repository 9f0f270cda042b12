import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import type { Item } from './item.ts'
import type { Peer } from './peer.ts'

const QUEUE = 'deliver'
const BATCH = 1_000

/** BullMQ; its `url` is that of a Redis. What is done is removed at once, which spares it the keeping. */
export const bullmq: Peer = {
  async prepare(url) {
    const redis = new Redis(url)
    await redis.flushall()
    await redis.quit()
  },
  async insert(url, items, due) {
    const queue = new Queue<Item>(QUEUE, { connection: { url } })
    for (let n = 0; n < items.length; n += BATCH) {
      const timestamp = Date.now()
      const opts = { timestamp, delay: due.getTime() - timestamp, removeOnComplete: true, removeOnFail: true }
      await queue.addBulk(items.slice(n, n + BATCH).map((data) => ({ name: QUEUE, data, opts })))
    }
    await queue.close()
  },
  async work(url, concurrency, deliver) {
    const connection = { url, maxRetriesPerRequest: null }
    const worker = new Worker<Item>(QUEUE, (job) => deliver(job.data), { connection, concurrency })
    worker.on('error', () => {})
    await worker.waitUntilReady()
  },
}
