import { PgBoss } from 'pg-boss'
import type { Deliver } from './deliver.ts'
import type { Item } from './item.ts'
import type { Peer } from './peer.ts'

const QUEUE = 'deliver'
const BATCH = 50
/** The shortest that pg-boss takes, seconds. */
const pollingIntervalSeconds = 0.5

/** @param work Registers its workers. */
function peer(work: (boss: PgBoss, concurrency: number, deliver: Deliver) => Promise<unknown>): Peer {
  return {
    async prepare(url) {
      const boss = await start(url)
      await boss.createQueue(QUEUE)
      await boss.stop({ graceful: false })
    },
    async insert(url, items, due) {
      const boss = await start(url)
      await boss.insert(
        QUEUE,
        items.map((data) => ({ id: data.id, data, startAfter: due, retryLimit: 0 })),
      )
      await boss.stop({ graceful: false })
    },
    async work(url, concurrency, deliver) {
      await work(await start(url), concurrency, deliver)
    },
  }
}

async function start(connectionString: string): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString, max: 10 })
  boss.on('error', () => {})
  return await boss.start()
}

/** As its manual begins: so many workers of one job each. */
export const pgBoss = peer((boss, localConcurrency, deliver) =>
  boss.work<Item>(QUEUE, { localConcurrency, pollingIntervalSeconds }, async ([job]) => {
    if (job) await deliver(job.data)
  }),
)

/** Few workers of many jobs each, which fetch again at once while there is more. */
export const pgBossBatched = peer((boss, concurrency, deliver) =>
  boss.work<Item>(
    QUEUE,
    {
      ...{ pollingIntervalSeconds, batchSize: BATCH, localConcurrency: Math.max(1, Math.floor(concurrency / BATCH)) },
      ...{ burstWhenBatchFull: true, perJobResults: true as const },
    },
    async (jobs) => {
      const settled = await Promise.allSettled(jobs.map((job) => deliver(job.data)))
      return jobs.map(({ id }, n) => ({ id, status: settled[n]?.status === 'fulfilled' ? 'completed' : 'failed' }))
    },
  ),
)

/** With none of its options set. */
export const pgBossBare = peer((boss, _, deliver) =>
  boss.work<Item>(QUEUE, async ([job]) => {
    if (job) await deliver(job.data)
  }),
)
