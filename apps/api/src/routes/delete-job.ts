import { deleteJob as remove } from '@scheduler/db/queries/delete-job'
import { Message } from '../answers.ts'
import { rehearseChange } from '../dry-run.ts'
import { jobId } from '../ids.ts'
import { matcher } from '../job-answer.ts'
import { JobParams } from '../queries.ts'
import { route } from '../route.ts'

const done = { message: 'Job deleted successfully' }

export const deleteJob = route({
  method: 'delete',
  path: '/jobs/{id}',
  tag: 'Jobs',
  summary: 'Delete a job',
  description: 'Nothing begins after the answer. Its executions can be read until retention.',
  params: JobParams,
  answer: { status: 200, schema: Message, description: 'Done.' },
  problems: ['job-not-found', 'stale-version'],
  examples: { answer: { done } },

  async handle({ params, headers }, { pool, settings }) {
    await remove(pool, jobId(params), matcher(headers['if-match']), settings.graceSeconds)
    return { body: done }
  },

  async dryRun({ params, headers }, deps) {
    const id = jobId(params)
    const matches = matcher(headers['if-match'])
    return await rehearseChange(id, deps, (client) => remove(client, id, matches, deps.settings.graceSeconds))
  },
})
