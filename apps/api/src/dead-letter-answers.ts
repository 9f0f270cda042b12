import { MOST_COUNTED } from '@scheduler/db/queries/dead-letters'
import { z } from 'zod'
import { ProblemAnswer } from './answers.ts'

export const RedrivenAnswer = z
  .strictObject({
    executions: z.int().meta({ description: 'Dead letters that are attempted again.' }),
    remaining: z.int().meta({
      description: `Dead letters that are meant and were left: over the limit. ${MOST_COUNTED.toLocaleString('en')} where there are more.`,
    }),
    problems: z
      .array(ProblemAnswer.omit({ instance: true }).extend({ execution_id: z.uuid() }))
      .optional()
      .meta({ description: 'Of `execution_ids`: those that were not redriven, and why.' }),
  })
  .meta({ id: 'Redriven' })

export const PutAwayAnswer = z
  .strictObject({
    deleted: z.int().meta({ description: 'Executions that are dead letters no more.' }),
    remaining: z.int().meta({
      description: `Dead letters that are meant and were left, since a request puts away ${MOST_COUNTED.toLocaleString('en')} at the most.`,
    }),
  })
  .meta({ id: 'PutAway' })
