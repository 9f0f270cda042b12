import type { DeadLetterFilters } from '@scheduler/db/queries/meant-dead-letters'
import { MOST_WALKED } from '@scheduler/db/queries/walk'
import { z } from 'zod'
import { instant } from './page-of-executions.ts'
import { deadLetterFilters } from './queries.ts'

/** What is said of requests that take as many of those that are meant as there are. */
export const WALKED = `Where the filters mean few among millions, give \`from\` and \`to\` as well, which bound how many are looked at; \`job_id\` does too, of a job with at most ${MOST_WALKED.toLocaleString('en')} executions.`

const Given = z.object(deadLetterFilters)

/** The dead letters that a query or a body means. @throws Problem `validation-failed` */
export function readDeadLetterFilters({ job_id, destination, reason, tag, from, to }: z.infer<typeof Given>) {
  const times = { from: instant('from', from), to: instant('to', to) }
  return { jobId: job_id, destination, reason, tag, ...times } satisfies DeadLetterFilters
}
