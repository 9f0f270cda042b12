import { listJobs as findJobs } from '@scheduler/db/queries/jobs'
import { z } from 'zod'
import { JobAnswer } from '../answers.ts'
import { dailyJob } from '../examples.ts'
import { decodeCursor, encodeCursor, nextLink, UUID_POSITION } from '../paging.ts'
import { JobsQuery } from '../queries.ts'
import { toJob } from '../resources.ts'
import { route } from '../route.ts'

export const listJobs = route({
  method: 'get',
  path: '/jobs',
  tag: 'Jobs',
  summary: 'List jobs',
  description: 'Newest first. The next page, when there is one, is in the `Link` header.',
  query: JobsQuery,
  answer: { status: 200, schema: z.array(JobAnswer), description: 'The jobs.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [dailyJob] } },

  async handle({ query, url }, { db, settings }) {
    const { limit, cursor, convert_to, status, type, tag, external_id, callback_host } = query
    const after = decodeCursor('jobs', UUID_POSITION, cursor)?.[0] ?? null
    const filters = { status, type, tag, externalId: external_id, callbackHost: callback_host }
    // One more than asked for says whether there is a next page.
    const rows = await findJobs(db, filters, { limit: limit + 1, after })
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const more = rows.length > limit && last
    return {
      body: page.map((row) => toJob(row, settings.graceSeconds, convert_to)),
      ...(more && { headers: nextLink(url, encodeCursor('jobs', last.id), settings.publicUrl) }),
    }
  },
})
