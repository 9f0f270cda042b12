import { createDb } from '@scheduler/db/client'
import { getBlackout, deleteBlackout as remove } from '@scheduler/db/queries/blackouts'
import { jobsKeptBack } from '@scheduler/db/queries/jobs-of-blackout'
import { MOST_WALKED } from '@scheduler/db/queries/walk'
import { z } from 'zod'
import { BlackoutAnswer, Message } from '../answers.ts'
import { databaseNow } from '../database-now.ts'
import { blackoutId } from '../ids.ts'
import { BlackoutParams } from '../queries.ts'
import { toBlackout } from '../resources.ts'
import { route } from '../route.ts'

const done = { message: 'Blackout deleted successfully' }

const DryEnd = z
  .strictObject({
    blackout: BlackoutAnswer,
    jobs: z.int().meta({ description: 'Jobs whose next run comes after it: what they name before would be sent.' }),
    jobs_is_lower_bound: z.boolean().meta({
      description: `Whether there may be more: ${MOST_WALKED.toLocaleString('en')} jobs are looked at.`,
    }),
  })
  .meta({ id: 'DryBlackoutEnd' })

export const deleteBlackout = route({
  method: 'delete',
  path: '/blackouts/{id}',
  tag: 'Jobs',
  summary: 'Delete a blackout',
  description: 'Occurrences that it left out stay in the ledger; those to come are sent. One that has begun ends now.',
  params: BlackoutParams,
  answer: { status: 200, schema: Message, description: 'Done.' },
  problems: ['blackout-not-found'],
  examples: { answer: { done } },

  async handle({ params }, deps) {
    await remove(deps.pool, blackoutId(params), await databaseNow(deps))
    return { body: done }
  },

  async dryRun({ params }, { pool }) {
    const row = await getBlackout(createDb(pool), blackoutId(params))
    const { jobs, isLowerBound } = await jobsKeptBack(pool, row)
    return { body: { blackout: toBlackout(row, 'UTC'), jobs, jobs_is_lower_bound: isLowerBound } }
  },
  dryAnswer: { status: 200, schema: DryEnd, description: 'With `dry_run=true`: nothing is changed.' },
})
