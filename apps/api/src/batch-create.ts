import { NewJob as NewJobBody } from '@scheduler/core/job'
import { Problem } from '@scheduler/core/problem'
import type { NewJob } from '@scheduler/db/queries/create-job'
import { refused } from './batch-results.ts'
import { check } from './check.ts'
import { inSlices } from './in-slices.ts'
import { newJobOf } from './new-job.ts'
import type { Deps } from './route.ts'

/** How long checking may take in all, ms; an answer is due in 60 s. */
const MOST_MS = 40_000

/** The jobs that a batch of creates describes, and the results in the order of its elements. */
export interface ReadBatch {
  jobs: NewJob[]
  results: object[]
}

/**
 * Checks the elements of a batch one by one, each as a create of its own; what is wrong with one is its result, and
 * nothing to the others. Lets other requests in between.
 *
 * @param elements at least one
 * @throws Problem `body-too-large` when it takes so long that nobody would wait for the answer
 */
export async function readBatch(elements: unknown[], now: Date, { settings, log }: Deps): Promise<ReadBatch> {
  const batch: ReadBatch = { jobs: [], results: [] }
  const step = (): boolean => {
    const element = elements[batch.results.length]
    try {
      const job = newJobOf(check(NewJobBody, element), now, settings)
      batch.jobs.push(job)
      batch.results.push({ status: 201, job_id: job.id })
    } catch (error) {
      batch.results.push(refused(error, log, settings.publicUrl))
    }
    return batch.results.length < elements.length
  }
  await inSlices(step, MOST_MS)
  if (batch.results.length === elements.length) return batch
  throw new Problem('body-too-large', 'The batch takes too long to check; send fewer jobs at once.')
}
