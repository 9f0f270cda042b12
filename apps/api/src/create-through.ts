import type { NewJob } from '@scheduler/core/job'
import { waitForSending } from '@scheduler/db/queries/change-job'
import { z } from 'zod'
import { JobAnswer } from './answers.ts'
import { idempotently } from './idempotency.ts'
import { createFrom } from './new-job.ts'
import type { Answer, Deps, Input, Success } from './route.ts'
import { upsertFrom } from './upsert.ts'

/** Parameters of every create of one job. */
export const CreateQuery = z.strictObject({
  upsert: z.enum(['true', 'false']).optional().meta({
    description:
      'With `true`, the job that has the body’s `external_id` becomes what the body says, as a whole, and none is created. One that is so already keeps its version. A schedule that stays the same keeps its beat; a paused job stays paused.',
  }),
})

/** The other answer of a create, with `upsert=true`. */
export const Replaced: Success = {
  status: 200,
  schema: JobAnswer,
  description: 'With `upsert=true`: the job that was there, as it is now.',
  headers: ['ETag'],
}

/** Creates the job that a request's body describes, once for an idempotency key, and answers with it. */
export async function createThrough(
  { query, body, headers, idempotency }: Input<z.infer<typeof CreateQuery>, NewJob>,
  deps: Deps,
): Promise<Answer> {
  const upsert = query.upsert === 'true'
  const answer = await idempotently(idempotency, deps, async (on) => {
    return await (upsert ? upsertFrom(body, headers['if-match'], on, deps) : createFrom(body, on, deps))
  })
  // Only now is the edit committed; and an answer that is given again is of no earlier moment.
  if (upsert && answer.status === 200) await waitForSending(deps.pool, (answer.body as { job_id: string }).job_id)
  return answer
}
