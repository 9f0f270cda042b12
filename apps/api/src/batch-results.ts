import type { Logger } from 'pino'
import { z } from 'zod'
import { causeOf, problemBody, toProblem } from './answer-problem.ts'
import { ProblemAnswer } from './answers.ts'
import { DiffAnswer } from './dry-run-answer.ts'

/** Elements of a batch at the most. */
export const MAX_BATCH = 10_000

/** How long the answer to a batch may take, ms. */
export const BATCH_DEADLINE_MS = 60_000

const Refused = ProblemAnswer.omit({ instance: true }).meta({ id: 'BatchProblem' })

/** What became of one element. */
const resultOf = (status: 200 | 201) =>
  z.union([
    z.strictObject({
      status: z.literal(status),
      job_id: z.uuid(),
      diff: DiffAnswer.optional().meta({ description: 'With `dry_run=true`, when nothing is stored.' }),
    }),
    Refused,
  ])

const results = (result: z.ZodType) => z.array(result).meta({ description: 'One for each element, in their order.' })

export const CreatedBatch = z.strictObject({ results: results(resultOf(201)) }).meta({ id: 'CreatedBatch' })

export const ChangedBatch = z
  .strictObject({
    results: results(resultOf(200)),
    more: z
      .literal(true)
      .optional()
      .meta({
        description: `With \`tag\`, where more than ${MAX_BATCH} jobs are meant: send the request again for the rest.`,
      }),
  })
  .meta({ id: 'ChangedBatch' })

/** A problem in its place among the results; `publicUrl` as in the settings. */
export function refused(error: unknown, log: Logger, publicUrl: string | null): z.infer<typeof Refused> {
  const problem = toProblem(error)
  if (problem.code === 'internal-error') log.error({ err: causeOf(error) }, 'element of a batch failed')
  return problemBody(problem, publicUrl)
}
