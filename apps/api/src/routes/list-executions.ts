import { z } from 'zod'
import { ExecutionAnswer } from '../answers.ts'
import { execution } from '../examples.ts'
import { pageOfExecutions } from '../page-of-executions.ts'
import { SHORT_PAGES } from '../paging.ts'
import { ExecutionsQuery } from '../queries.ts'
import { route } from '../route.ts'

export const listExecutions = route({
  method: 'get',
  path: '/executions',
  tag: 'Executions',
  summary: 'List executions of all jobs',
  description: `Latest occurrence first, in UTC. ${SHORT_PAGES} What is not finished is found at once, as long as there is no more of it than that.`,
  query: ExecutionsQuery,
  answer: { status: 200, schema: z.array(ExecutionAnswer), description: 'The executions.', headers: ['Link'] },
  problems: [],
  examples: { answer: { one: [execution] } },

  async handle({ query, url }, deps) {
    return await pageOfExecutions(query, url, 'UTC', deps)
  },
})
