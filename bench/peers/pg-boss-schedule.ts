import { PgBoss } from 'pg-boss'
import type { Item } from './item.ts'
import type { Peer } from './peer.ts'

const QUEUE = 'scheduled'
/** Whatever the minute: each item is a schedule of its own, under a key of its own. */
const EVERY_MINUTE = '* * * * *'

/** pg-boss's own `schedule()`, which fires every minute; `due` must be the beginning of the next one. */
export const pgBossSchedule: Peer = {
  async prepare(url) {
    const boss = await start(url, false)
    await boss.createQueue(QUEUE)
    await boss.stop({ graceful: false })
  },
  async insert(url, items) {
    const boss = await start(url, false)
    for (const item of items) await boss.schedule(QUEUE, EVERY_MINUTE, item, { key: item.id })
    await boss.stop({ graceful: false })
  },
  async work(url, localConcurrency, deliver) {
    const boss = await start(url, true)
    await boss.work<Item>(QUEUE, { localConcurrency, pollingIntervalSeconds: 0.5 }, async ([job]) => {
      if (job) await deliver(job.data)
    })
  },
}

async function start(connectionString: string, schedule: boolean): Promise<PgBoss> {
  const often = schedule ? { cronMonitorIntervalSeconds: 1, cronWorkerIntervalSeconds: 1 } : {}
  const boss = new PgBoss({ connectionString, max: 10, schedule, ...often })
  boss.on('error', () => {})
  return await boss.start()
}
