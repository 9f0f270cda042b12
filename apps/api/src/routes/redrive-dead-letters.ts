import type { Pool, PoolClient } from '@scheduler/db/client'
import { MOST_REDRIVEN, type Redrive, redrive } from '@scheduler/db/queries/redrive'
import { tryOut } from '@scheduler/db/queries/rehearse'
import { z } from 'zod'
import { databaseUnavailable, problemBody } from '../answer-problem.ts'
import { RedrivenAnswer, toRemaining } from '../dead-letter-answers.ts'
import { readDeadLetterFilters, WALKED } from '../dead-letter-filters.ts'
import { idempotently } from '../idempotency.ts'
import { deadLetterFilters } from '../queries.ts'
import { type Deps, route } from '../route.ts'

const Rate = z.number().min(0.1).max(1_000).meta({
  description: 'How many begin in a second; 10 where it is not given.',
  example: 10,
})

const RedriveMany = z
  .strictObject({
    ...deadLetterFilters,
    execution_ids: z.array(z.uuid()).min(1).max(MOST_REDRIVEN).optional().meta({
      description: 'These only, as far as the filters mean them too.',
    }),
    rate_per_second: Rate.optional(),
    limit: z.int().min(1).max(MOST_REDRIVEN).default(MOST_REDRIVEN).meta({
      description: 'How many at the most: those that died first.',
    }),
  })
  .meta({ id: 'Redrive' })

export const redriveDeadLetters = route({
  method: 'post',
  path: '/dead-letters/redrive',
  tag: 'Executions',
  summary: 'Redrive dead letters',
  description: `Each as by POST /executions/{id}/redrive, one after the other at a rate, the oldest occurrence first; all of them, where no filter is given. Those of deleted jobs are left where they are. ${WALKED}`,
  body: RedriveMany,
  bodyLimit: 1024 * 1024,
  idempotent: true,
  deadlineMs: 30_000,
  answer: { status: 202, schema: RedrivenAnswer, description: 'How many are attempted again, and how many were left.' },
  problems: [],
  examples: {
    body: {
      outage: { destination: 'https://example.com', from: '2026-11-24T00:00:00Z', rate_per_second: 5 },
      listed: { execution_ids: ['0199b1f5-0c11-7d8e-8a55-6d1f0b2c3e4f'] },
    },
    answer: { all: { executions: 12, remaining: 0, remaining_is_lower_bound: false } },
  },

  async handle({ body, idempotency }, deps) {
    const redriven = redriver(body, deps)
    return await idempotently(idempotency, deps, async (on) => ({ body: await redriven(on) }))
  },

  async dryRun({ body }, deps) {
    return { status: 200, body: await tryOut(deps.pool, redriver(body, deps)) }
  },
  dryAnswer: { status: 200, schema: RedrivenAnswer, description: 'With `dry_run=true`: nothing is stored.' },
})

/** What redrives those that a body means, and answers. */
function redriver(body: z.infer<typeof RedriveMany>, { boss, settings }: Deps) {
  const queue = boss()
  if (!queue) throw databaseUnavailable()
  const { execution_ids: ids, limit, rate_per_second: perSecond } = body
  const request: Redrive = { ...readDeadLetterFilters(body), ids, limit, perSecond }
  return async (on: Pool | PoolClient): Promise<z.infer<typeof RedrivenAnswer>> => {
    const { executions, left, refused } = await redrive(on, queue, request)
    const problems = refused.map(({ id, problem }) => ({
      execution_id: id,
      ...problemBody(problem, settings.publicUrl),
    }))
    return { executions, ...toRemaining(left), ...(problems.length > 0 && { problems }) }
  }
}
