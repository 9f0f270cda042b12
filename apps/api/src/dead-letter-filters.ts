import type { DeadLetterFilters } from '@scheduler/db/queries/meant-dead-letters'
import { z } from 'zod'
import { instant } from './page-of-executions.ts'
import { deadLetterFilters } from './queries.ts'

const Given = z.object(deadLetterFilters)

/** The dead letters that a query or a body means. @throws Problem `validation-failed` */
export function readDeadLetterFilters({ job_id, destination, reason, tag, from, to }: z.infer<typeof Given>) {
  const times = { from: instant('from', from), to: instant('to', to) }
  return { jobId: job_id, destination, reason, tag, ...times } satisfies DeadLetterFilters
}
