import { runJob as run } from '@scheduler/db/queries/run-job'
import { z } from 'zod'
import { databaseUnavailable } from '../answer-problem.ts'
import { ExecutionAnswer } from '../answers.ts'
import { rehearseChange } from '../dry-run.ts'
import { manualExecution } from '../examples.ts'
import { idempotently } from '../idempotency.ts'
import { jobId } from '../ids.ts'
import { JobParams } from '../queries.ts'
import { toExecution } from '../resources.ts'
import { route } from '../route.ts'

export const runJob = route({
  method: 'post',
  path: '/jobs/{id}/run',
  tag: 'Jobs',
  summary: 'Run a job now',
  description: 'Outside its schedule, which does not move. A paused or completed job runs too.',
  params: JobParams,
  body: z.strictObject({}).meta({ id: 'Run' }),
  bodyOptional: true,
  idempotent: true,
  answer: { status: 202, schema: ExecutionAnswer, description: 'The execution, queued.', headers: ['Location'] },
  problems: ['job-not-found'],
  examples: { answer: { queued: manualExecution } },

  async handle({ params, idempotency }, deps) {
    const id = jobId(params)
    const queue = deps.boss()
    if (!queue) throw databaseUnavailable()
    return await idempotently(idempotency, deps, async (on) => {
      const { execution, timezone } = await run(on, queue, id)
      const location = `${deps.settings.publicUrl ?? ''}/executions/${execution.id}`
      return { body: toExecution(execution, timezone), headers: { location } }
    })
  },

  async dryRun({ params }, deps) {
    const id = jobId(params)
    const queue = deps.boss()
    if (!queue) throw databaseUnavailable()
    return await rehearseChange(id, deps, (client) => run(client, queue, id))
  },
})
