import { DateTimeText } from '@scheduler/core/fields'
import { Overlap } from '@scheduler/core/policy-fields'
import { type FieldError, invalid } from '@scheduler/core/problem'
import { readDateTime } from '@scheduler/core/read-rule'
import { parseZone } from '@scheduler/core/timezone'
import { backfillJob as backfill, MOST_BACKFILLED } from '@scheduler/db/queries/backfill-job'
import { getJob } from '@scheduler/db/queries/jobs'
import { z } from 'zod'
import { databaseUnavailable } from '../answer-problem.ts'
import { BackfillAnswer } from '../answers.ts'
import { rehearseChange } from '../dry-run.ts'
import { idempotently } from '../idempotency.ts'
import { jobId } from '../ids.ts'
import { JobParams } from '../queries.ts'
import { route } from '../route.ts'
import { Rate } from './resume-job.ts'

const Backfill = z
  .strictObject({
    from: DateTimeText.meta({ description: 'Exclusive; without an offset, wall time in the job’s zone.' }),
    to: DateTimeText.meta({ description: 'Inclusive, not in the future.' }),
    overlap: Overlap.default('queue_all').meta({
      description: 'As the policy of a job; `queue_all`, the default, sends one after the other.',
    }),
    rate_per_second: Rate.optional(),
  })
  .meta({ id: 'Backfill' })

export const backfillJob = route({
  method: 'post',
  path: '/jobs/{id}/backfill',
  tag: 'Jobs',
  summary: 'Send the occurrences of a past range',
  description: `Sends what the schedule, as it is now, names in the range: executions of kind \`backfill\`, beside the schedule, which does not move. What was backfilled before is not sent again, as long as the ledger has it. At most ${MOST_BACKFILLED.toLocaleString('en')} occurrences.`,
  params: JobParams,
  body: Backfill,
  idempotent: true,
  answer: { status: 202, schema: BackfillAnswer, description: 'How many are sent.' },
  problems: ['job-not-found', 'job-quarantined'],
  examples: {
    body: { yesterday: { from: '2026-11-23T00:00:00', to: '2026-11-23T23:59:59' } },
    answer: { one: { executions: 1, skipped: 0 } },
  },

  async handle({ params, body, idempotency }, deps) {
    const queue = deps.boss()
    if (!queue) throw databaseUnavailable()
    const job = await getJob(deps.db, jobId(params))
    const request = readBackfill(body, job.timezone)
    return await idempotently(idempotency, deps, async (on) => ({ body: await backfill(on, queue, job.id, request) }))
  },

  async dryRun({ params, body }, deps) {
    const queue = deps.boss()
    if (!queue) throw databaseUnavailable()
    const job = await getJob(deps.db, jobId(params))
    const request = readBackfill(body, job.timezone)
    return await rehearseChange(job.id, deps, (client) => backfill(client, queue, job.id, request))
  },
})

/** @throws Problem `validation-failed` that names every field at fault. */
function readBackfill(body: z.infer<typeof Backfill>, timezone: string) {
  const zone = parseZone(timezone) ?? 'UTC'
  const errors: FieldError[] = []
  const from = readDateTime('from', body.from, zone, errors)
  const to = readDateTime('to', body.to, zone, errors)
  if (from && to && from.instant >= to.instant) errors.push({ path: 'to', message: 'must be after from' })
  if (!from || !to || errors.length > 0) throw invalid(errors)
  const range = { from: new Date(from.instant), to: new Date(to.instant) }
  return { ...range, overlap: body.overlap, perSecond: body.rate_per_second }
}
