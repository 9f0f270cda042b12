import { makeWorkerUtils, run } from 'graphile-worker'
import pg from 'pg'
import type { Item } from './item.ts'
import type { Peer } from './peer.ts'

const TASK = 'deliver'

/** graphile-worker as its manual tunes it: a local queue, completions in batches. */
export const graphile: Peer = {
  async prepare(connectionString) {
    const utils = await makeWorkerUtils({ connectionString })
    await utils.migrate()
    await utils.release()
  },
  async insert(connectionString, items, due) {
    const client = new pg.Client({ connectionString })
    await client.connect()
    await client.query(
      `select count(*) from graphile_worker.add_jobs(array(
         select row($1, item, null, $2::timestamptz, 1, null, null, null)::graphile_worker.job_spec
         from json_array_elements($3::json) as item))`,
      [TASK, due, JSON.stringify(items)],
    )
    await client.end()
  },
  async work(connectionString, concurrentJobs, deliver) {
    await run({
      taskList: { [TASK]: (item) => deliver(item as Item) },
      noHandleSignals: true,
      preset: {
        worker: {
          ...{ connectionString, concurrentJobs, maxPoolSize: 10 },
          localQueue: { size: 5 * concurrentJobs },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
          // It looks for what falls due only so often; at its default of 2 s it would begin a second late on the average.
          pollInterval: 100,
        },
      },
    })
  },
}
