import type { Left } from '@scheduler/db/queries/choose-dead'
import { MOST_WALKED } from '@scheduler/db/queries/walk'
import { z } from 'zod'
import { ProblemAnswer } from './answers.ts'

const remaining = {
  remaining: z.int().meta({
    description: 'Dead letters that are meant and were left, over the limit; 0 only where none was.',
  }),
  remaining_is_lower_bound: z.boolean().meta({
    description: `Whether there may be more: of those after the last one, ${MOST_WALKED.toLocaleString('en')} are looked at.`,
  }),
}

export const toRemaining = ({ count, isLowerBound }: Left) => ({
  ...{ remaining: count, remaining_is_lower_bound: isLowerBound },
})

export const RedrivenAnswer = z
  .strictObject({
    executions: z.int().meta({ description: 'Dead letters that are attempted again.' }),
    ...remaining,
    problems: z
      .array(ProblemAnswer.omit({ instance: true }).extend({ execution_id: z.uuid() }))
      .optional()
      .meta({ description: 'Of `execution_ids`: those that were not redriven, and why.' }),
  })
  .meta({ id: 'Redriven' })

export const PutAwayAnswer = z
  .strictObject({ deleted: z.int().meta({ description: 'Executions that are dead letters no more.' }), ...remaining })
  .meta({ id: 'PutAway' })
