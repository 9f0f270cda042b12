import { setImmediate as nextTurn } from 'node:timers/promises'
import { NewJob as NewJobBody } from '@scheduler/core/job'
import { Problem } from '@scheduler/core/problem'
import { type NewJob, rowOf } from '@scheduler/db/queries/create-job'
import { refused } from './batch-results.ts'
import { check } from './check.ts'
import { dryRunAnswer } from './dry-run.ts'
import { inSlices } from './in-slices.ts'
import { newJobOf } from './new-job.ts'
import type { Deps } from './route.ts'

/** How long checking the jobs of a batch may take, and saying what each would be sent, ms; an answer is due in 60 s. */
const CHECK_MS = 40_000
const DIFFS_MS = 15_000

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
  await inSlices(step, CHECK_MS)
  if (batch.results.length === elements.length) return batch
  throw tooLong()
}

/** The results with what each accepted job would be sent, for a dry run. Lets other requests in between. */
export async function withDiffs(results: object[], jobs: NewJob[], now: Date, deps: Deps): Promise<object[]> {
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const shown: object[] = []
  const began = performance.now()
  for (const result of results) {
    const job = 'job_id' in result ? byId.get(String(result.job_id)) : undefined
    if (!job) shown.push(result)
    else {
      const { body } = await dryRunAnswer({ before: null, after: rowOf(job, now), now, sends: [] }, deps)
      shown.push({ ...result, diff: (body as { diff: object }).diff })
      await nextTurn()
    }
    if (performance.now() - began > DIFFS_MS) throw tooLong()
  }
  return shown
}

const tooLong = () => new Problem('body-too-large', 'The batch takes too long to check; send fewer jobs at once.')
