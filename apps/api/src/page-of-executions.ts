import { parseDateTime } from '@scheduler/core/datetime'
import { invalid } from '@scheduler/core/problem'
import { listExecutions } from '@scheduler/db/queries/list-executions'
import type { z } from 'zod'
import { decodeCursor, linkToNext, TIMED_POSITION } from './paging.ts'
import type { ExecutionsQuery } from './queries.ts'
import { toExecution } from './resources.ts'
import type { Answer, Deps } from './route.ts'

/** One page of the ledger, as the query asks for. @param timezone the zone times are shown in, without `convert_to` */
export async function pageOfExecutions(
  query: z.infer<typeof ExecutionsQuery>,
  url: string,
  timezone: string,
  { pool, settings }: Deps,
): Promise<Answer> {
  const { limit, cursor, job_id, state, destination, convert_to = timezone } = query
  const position = decodeCursor('executions', TIMED_POSITION, cursor)
  const filters = { jobId: job_id, state, destination, from: instant('from', query.from), to: instant('to', query.to) }
  const after = position && { scheduledFor: new Date(Number(position[1])), id: position[2] ?? '' }
  const { rows, last } = await listExecutions(pool, filters, { limit, after })
  const end = last && `${last.scheduledFor.getTime()}.${last.id}`
  return {
    body: rows.map((row) => toExecution(row, convert_to)),
    ...linkToNext(url, 'executions', end, settings.publicUrl),
  }
}

/** @throws Problem `validation-failed` that names the field */
export function instant(path: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const read = parseDateTime(text, 'UTC')
  if (!read.ok) throw invalid([{ path, message: read.reason }])
  return new Date(read.instant)
}
