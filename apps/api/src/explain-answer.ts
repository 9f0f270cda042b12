import { executionReasons, executionStates } from '@scheduler/core/execution'
import { DstAnswer, MisfireAnswer, Overlap } from '@scheduler/core/policy-fields'
import { z } from 'zod'
import { CircuitAnswer, ExecutionAnswer } from './answers.ts'
import { DstMarkAnswer } from './dry-run-answer.ts'
import { circuit, dailyJob, execution } from './examples.ts'
import { ScheduleAnswer } from './schedule-answer.ts'

/** What became of an occurrence that has no execution. */
export const outcomesWithout = [
  'not_an_occurrence',
  'upcoming',
  'due',
  'paused',
  'before_creation',
  'deleted',
  'completed',
  'pruned',
  'unknown',
] as const
export type OutcomeWithout = (typeof outcomesWithout)[number]

const Policies = z.strictObject({
  overlap: Overlap,
  misfire: MisfireAnswer,
  dst: DstAnswer,
  jitter: z.int(),
  max_runs: z.int().nullable(),
  blackout: z
    .strictObject({ from: z.string(), to: z.string(), tag: z.string().nullable(), reason: z.string().nullable() })
    .nullable()
    .meta({ description: 'The one in which the occurrence lies; with the tag whose it is.' }),
})

const ClockChange = z
  .strictObject({
    at: z.string().meta({ description: 'When the clocks are set.' }),
    before: z.string().meta({ description: 'The offset until then.' }),
    after: z.string().meta({ description: 'The offset from then on.' }),
    what: z.string().meta({ description: 'Which wall times are skipped, or repeated.' }),
    mark: DstMarkAnswer,
  })
  .meta({ description: 'The change of clock of that night or day.' })

export const ExplanationAnswer = z
  .strictObject({
    sentence: z.string().meta({ description: 'What happened, or will, and why.' }),
    outcome: z.enum([...executionStates, ...outcomesWithout]).meta({
      description: 'The state of the execution; where there is none, what is true of the instant.',
    }),
    reason: z.enum(executionReasons).nullable(),
    facts: z.strictObject({
      rule: z.string().nullable().meta({ description: 'The schedule that counted then, in a sentence.' }),
      schedule: ScheduleAnswer.nullable(),
      job_version: z.int().nullable().meta({ description: 'Null when what counted then is no longer known.' }),
      timezone: z.string(),
      policies: Policies.nullable(),
      matched: z.enum(['exact', 'second', 'minute']).nullable().meta({
        description:
          'How the instant was matched: `second` or `minute` when it is the only one that the schedule names within the whole second or minute asked for.',
      }),
      nominal: z.string().nullable(),
      effective: z.string().nullable(),
      previous: z.string().nullable().meta({ description: 'What the schedule names before.' }),
      next: z.string().nullable().meta({ description: 'What the schedule names after.' }),
      execution: z.union([ExecutionAnswer, z.null()]),
      attempts: z.int(),
      worker: z.uuid().nullable().meta({ description: 'The one that claimed it last.' }),
      circuit: CircuitAnswer.nullable().meta({ description: 'That of its destination, as it is now.' }),
      dst: ClockChange.nullable(),
    }),
  })
  .meta({ id: 'Explanation' })

export const explanationExample = {
  sentence: 'It ran 12 ms late and the receiver answered 200 on attempt 1.',
  outcome: 'succeeded',
  reason: null,
  facts: {
    rule: 'Every day at 08:00 in GMT+7',
    schedule: dailyJob.schedule,
    job_version: 1,
    timezone: 'GMT+7',
    policies: {
      overlap: dailyJob.overlap,
      misfire: dailyJob.misfire,
      dst: dailyJob.dst,
      jitter: 0,
      max_runs: null,
      blackout: null,
    },
    matched: 'exact',
    nominal: '2026-11-24T08:00:00+07:00',
    effective: '2026-11-24T08:00:00+07:00',
    previous: '2026-11-23T08:00:00+07:00',
    next: '2026-11-25T08:00:00+07:00',
    execution,
    attempts: 1,
    worker: '0199b1f3-2b00-7c11-8d22-6a7b8c9d0e1f',
    circuit,
    dst: null,
  },
}
