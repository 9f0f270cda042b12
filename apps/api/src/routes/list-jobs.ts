import { listJobs as findJobs } from '@scheduler/db/queries/list-jobs'
import { z } from 'zod'
import { JobAnswer } from '../answers.ts'
import { dailyJob } from '../examples.ts'
import { decodeCursor, linkToNext, SHORT_PAGES, UUID_POSITION } from '../paging.ts'
import { JobsQuery } from '../queries.ts'
import { toJob } from '../resources.ts'
import { route } from '../route.ts'

export const listJobs = route({
  method: 'get',
  path: '/jobs',
  tag: 'Jobs',
  summary: 'List jobs',
  description: `Newest first. ${SHORT_PAGES}`,
  query: JobsQuery,
  answer: { status: 200, schema: z.array(JobAnswer), description: 'The jobs.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [dailyJob] } },

  async handle({ query, url }, { pool, settings }) {
    const { limit, cursor, convert_to, status, type, tag, external_id, callback_host } = query
    const after = decodeCursor('jobs', UUID_POSITION, cursor)?.[0] ?? null
    const filters = { status, type, tag, externalId: external_id, callbackHost: callback_host }
    const { rows, last } = await findJobs(pool, filters, { limit, after })
    return {
      body: rows.map((row) => toJob(row, settings.graceSeconds, convert_to)),
      ...linkToNext(url, 'jobs', last?.id, settings.publicUrl),
    }
  },
})
