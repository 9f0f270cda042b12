import { parseDateTime } from '@scheduler/core/datetime'
import { invalid } from '@scheduler/core/problem'
import { listExecutions } from '@scheduler/db/queries/executions'
import type { z } from 'zod'
import { decodeCursor, encodeCursor, nextLink, TIMED_POSITION } from './paging.ts'
import type { ExecutionsQuery } from './queries.ts'
import { toExecution } from './resources.ts'
import type { Answer, Deps } from './route.ts'

/** One page of the ledger, as the query asks for. @param timezone the zone times are shown in, without `convert_to` */
export async function pageOfExecutions(
  query: z.infer<typeof ExecutionsQuery>,
  url: string,
  timezone: string,
  { db, settings }: Deps,
): Promise<Answer> {
  const { limit, cursor, job_id, state, destination, convert_to = timezone } = query
  const position = decodeCursor('executions', TIMED_POSITION, cursor)
  const filters = { jobId: job_id, state, destination, from: instant('from', query.from), to: instant('to', query.to) }
  const after = position && { scheduledFor: new Date(Number(position[1])), id: position[2] ?? '' }
  // One more than asked for says whether there is a next page.
  const rows = await listExecutions(db, filters, { limit: limit + 1, after })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const more = rows.length > limit && last
  return {
    body: page.map((row) => toExecution(row, convert_to)),
    ...(more && {
      headers: nextLink(
        url,
        encodeCursor('executions', `${last.scheduledFor.getTime()}.${last.id}`),
        settings.publicUrl,
      ),
    }),
  }
}

/** @throws Problem `validation-failed` that names the field */
export function instant(path: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const read = parseDateTime(text, 'UTC')
  if (!read.ok) throw invalid([{ path, message: read.reason }])
  return new Date(read.instant)
}
