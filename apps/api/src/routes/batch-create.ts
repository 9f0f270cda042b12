import { NewJob } from '@scheduler/core/job'
import { createJobs } from '@scheduler/db/queries/create-jobs'
import { transaction } from '@scheduler/db/transaction'
import { z } from 'zod'
import { readBatch, withDiffs } from '../batch-create.ts'
import { BATCH_DEADLINE_MS, CreatedBatch, MAX_BATCH } from '../batch-results.ts'
import { databaseNow } from '../database-now.ts'
import { dailyBody, onceBody } from '../examples.ts'
import { idempotently } from '../idempotency.ts'
import { route } from '../route.ts'
import { cronBody } from '../rule-examples.ts'

export const batchCreate = route({
  method: 'post',
  path: '/jobs/batch',
  tag: 'Jobs',
  summary: 'Create many jobs',
  description: `Up to ${MAX_BATCH} of any types, each of which its element names. Each is checked for itself: one that is refused leaves the others alone. The accepted ones are created together, all or none.`,
  body: z.array(z.unknown()).min(1).max(MAX_BATCH),
  bodyShown: z.array(NewJob).min(1).max(MAX_BATCH),
  bodyLimit: 32 * 1024 * 1024,
  idempotent: true,
  deadlineMs: BATCH_DEADLINE_MS,
  answer: { status: 200, schema: CreatedBatch, description: 'What became of each.' },
  problems: [],
  examples: {
    body: {
      three: [
        { type: 'once', ...onceBody },
        { type: 'interval', ...dailyBody },
        { type: 'cron', ...cronBody },
      ],
    },
    answer: {
      oneRefused: {
        results: [
          { status: 201, job_id: '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d' },
          {
            type: '/problems/validation-failed',
            title: 'The request breaks the schema',
            status: 422,
            detail: 'callback_url is required.',
            errors: [{ path: 'callback_url', message: 'is required' }],
          },
        ],
      },
    },
  },

  async handle({ body, idempotency }, deps) {
    const now = await databaseNow(deps)
    // Before the transaction, which would lie idle meanwhile.
    const { jobs, results } = await readBatch(body, now, deps)
    return await idempotently(idempotency, deps, async (on) => {
      await transaction(on, (client) => createJobs(client, jobs, now))
      return { body: { results } }
    })
  },

  async dryRun({ body }, deps) {
    const now = await databaseNow(deps)
    const { jobs, results } = await readBatch(body, now, deps)
    return { body: { results: await withDiffs(results, jobs, now, deps) } }
  },
  dryAnswer: 'same',
})
