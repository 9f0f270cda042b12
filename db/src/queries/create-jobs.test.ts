import { expect } from 'vitest'
import { ahead } from '../../test/factories.ts'
import { test } from '../../test/queue.ts'
import { transaction } from '../transaction.ts'
import { type NewJob, newJobId } from './create-job.ts'
import { createJobs } from './create-jobs.ts'

const at = ahead(3_600)

const newJob = (): NewJob => ({
  ...{ id: newJobId(), type: 'once', nextRunAt: at, nextScheduledFor: at, cursorAt: ahead(0) },
  ...{ callbackUrl: 'http://a.test/', destination: 'http://a.test', callbackHost: 'a.test', timezone: 'UTC' },
  ...{ schedule: { type: 'once', at: '2099-01-01T00:00:00+00:00' }, policies: {}, name: null, externalId: null },
  ...{ tags: [], payload: '{}', delivery: null, flowKey: null, retention: null },
})

test('when one of many can’t be inserted, none is, whichever statement it was in', async ({ pool }) => {
  for (const bad of [10, 700, 1_400]) {
    const jobs = Array.from({ length: 1_500 }, newJob)
    jobs[bad] = { ...newJob(), id: jobs[bad - 1]?.id ?? '' }
    const creating = transaction(pool, (client) => createJobs(client, jobs, ahead(0)))
    await expect(creating).rejects.toMatchObject({ constraint: 'jobs_pkey' })
    expect((await pool.query('select from jobs')).rowCount).toBe(0)
  }
})
