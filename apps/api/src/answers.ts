import { circuitStates, drainOrders } from '@scheduler/core/circuit'
import { AttemptOutcome, ExecutionKind, ExecutionReason, ExecutionState } from '@scheduler/core/execution'
import { DstAnswer, MisfireAnswer, Overlap } from '@scheduler/core/policy-fields'
import { RetentionAnswer } from '@scheduler/core/retention'
import { misfirePolicies, scheduleTypes } from '@scheduler/core/schedule'
import { circuitCauses } from '@scheduler/core/shared-circuit'
import { MOST_COUNTED, MOST_COUNTED_OF_EACH, MOST_COUNTED_OF_LIST } from '@scheduler/db/queries/count-parked'
import { jobStatuses } from '@scheduler/db/schema/jobs'
import { z } from 'zod'
import { deliveryAnswer, TimingsAnswer } from './delivery-answer.ts'
import { ScheduleAnswer } from './schedule-answer.ts'

/** What the API answers with. */

const instant = (description: string, example: string) => z.string().meta({ description, example })

export const JobAnswer = z
  .strictObject({
    job_id: z.uuid(),
    type: z.enum(scheduleTypes),
    schedule_time: instant(
      'The next run, its nominal time; null when paused, quarantined or none is left.',
      '2026-11-24T08:00:00+07:00',
    ).nullable(),
    effective_at: z.string().nullable().meta({ description: 'The next run with its jitter.' }),
    callback_url: z.string(),
    payload: z.record(z.string(), z.unknown()),
    ...deliveryAnswer,
    timezone: z.string().meta({ description: 'As given, or `convert_to`; times are shown in it.' }),
    status: z.enum(jobStatuses),
    status_reason: z.string().nullable(),
    paused_until: z.string().nullable().meta({ description: 'When it is resumed by itself.' }),
    resume_missed: z.enum(misfirePolicies).nullable().meta({
      description: 'What then becomes of the occurrences of the pause.',
    }),
    schedule: ScheduleAnswer,
    name: z.string().nullable(),
    tags: z.array(z.string()),
    external_id: z.string().nullable(),
    retention: RetentionAnswer.nullable(),
    jitter: z.int().meta({ description: 'Seconds.' }),
    misfire: MisfireAnswer,
    overlap: Overlap,
    dst: DstAnswer,
    max_runs: z.int().nullable(),
    runs: z.int().meta({ description: 'Occurrences sent since the schedule began; what `max_runs` counts.' }),
    blackouts: z.array(z.strictObject({ from: z.string(), to: z.string() })),
    created_at: z.string(),
    updated_at: z.string(),
    version: z.int().meta({ description: 'Rises with each edit, pause and resume; in quotes, the ETag.' }),
  })
  .meta({ id: 'Job' })

const AttemptAnswer = z
  .strictObject({
    attempt: z.int().meta({ description: 'Counted from 1.' }),
    outcome: AttemptOutcome,
    status: z.int().nullable().meta({ description: 'HTTP status; null when no answer came.' }),
    started_at: z.string(),
    finished_at: z.string(),
    job_version: z.int().meta({ description: "The job's version that was sent." }),
    error: z.string().nullable(),
    response_head: z.string().nullable().meta({ description: "The first 1,000 characters of the answer's body." }),
    timings: TimingsAnswer,
  })
  .meta({ id: 'Attempt' })

export const ExecutionAnswer = z
  .strictObject({
    execution_id: z.uuid().meta({ description: 'The `webhook-id` of every attempt.' }),
    job_id: z.uuid(),
    job_version: z.int(),
    kind: ExecutionKind,
    scheduled_for: instant(
      "The nominal time. Shown in `convert_to`, else in the job's zone; in lists over several jobs, in UTC.",
      '2026-11-24T08:00:00+07:00',
    ),
    scheduled_until: z.string().nullable().meta({
      description: 'Of a run of occurrences that were not sent: the last; null for a single occurrence.',
    }),
    count: z.int().meta({ description: 'How many occurrences the row stands for.' }),
    effective_at: z.string().meta({ description: 'The nominal time plus jitter.' }),
    state: ExecutionState,
    reason: ExecutionReason.nullable(),
    attempt: z.int().meta({ description: 'Requests made so far.' }),
    attempts: z.array(AttemptAnswer),
    failures: z.int().meta({ description: "Attempts that failed and count against the job's `retry.limit`." }),
    flow_key: z.string().nullable(),
    next_attempt_at: z.string().nullable(),
    ack_deadline_at: z.string().nullable().meta({
      description: 'Until when its receiver, which answered 202, may say how its work ended.',
    }),
    created_at: z.string(),
    finished_at: z.string().nullable(),
    dead_at: z.string().nullable().meta({
      description: 'When it failed for good, as long as it is a dead letter: neither redriven nor put away.',
    }),
    redriven_at: z.string().nullable().meta({ description: 'When it was last redriven.' }),
  })
  .meta({ id: 'Execution' })

const [ofOne, ofEach, ofAll] = [MOST_COUNTED, MOST_COUNTED_OF_EACH, MOST_COUNTED_OF_LIST].map((it) =>
  it.toLocaleString('en'),
)

/** Counting them all would cost more than the answer is worth. */
export const parkedIsLowerBound = z.boolean().meta({
  description: `Whether there are more than \`parked\` says: ${ofOne} are counted at the most, in a list ${ofEach} of each and ${ofAll} of all.`,
})

/** What is said of lists in which what is parked is counted. */
export const COUNTED_IN_LIST = `Of what is parked ${ofEach} of each are counted at the most and ${ofAll} of all, so fewer of each the higher \`limit\` is.`

export const CircuitAnswer = z
  .strictObject({
    destination: z.string(),
    state: z.enum(circuitStates),
    failures: z.int().meta({ description: 'Failures in a row, of all workers together.' }),
    opened_at: z.string().nullable(),
    retry_at: z.string().nullable().meta({
      description:
        'When an execution may probe; null while it is closed, and while it is held open by hand. Of one that is half open: when its probe is given up at the latest.',
    }),
    drain_order: z.enum(drainOrders).meta({ description: 'Which of the parked executions of a job go first.' }),
    draining_since: z.string().nullable().meta({
      description: 'When it closed, as long as some of what was parked is left.',
    }),
    parked: z.int().meta({ description: 'Executions held back for it, as far as they are counted.' }),
    parked_is_lower_bound: parkedIsLowerBound,
  })
  .meta({ id: 'Circuit' })

export const CircuitChangeAnswer = z
  .strictObject({
    state: z.enum(circuitStates).meta({ description: 'What it changed to.' }),
    cause: z.enum(circuitCauses).meta({
      description:
        '`failures`: too many in a row; `probe`: one was sent; `probe_failed`, `probe_succeeded`, `probe_lost`: how that ended; by hand: `opened`, `closed`, `reset`.',
    }),
    failures: z.int(),
    parked: z.int().meta({ description: 'Executions held back for it at that moment; 10,000 where there are more.' }),
    at: z.string(),
  })
  .meta({ id: 'CircuitChange' })

export const BlackoutAnswer = z
  .strictObject({
    blackout_id: z.uuid(),
    tag: z.string(),
    from: z.string().meta({ description: 'Inclusive.' }),
    to: z.string().meta({ description: 'Exclusive.' }),
    reason: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'Blackout' })

export const BackfillAnswer = z
  .strictObject({
    executions: z.int().meta({ description: 'Executions that are sent.' }),
    skipped: z.int().meta({
      description: 'Occurrences of the range that are not: backfilled before, or left out by `overlap`.',
    }),
  })
  .meta({ id: 'Backfilled' })

export const HealthAnswer = z
  .strictObject({
    status: z.enum(['healthy', 'unhealthy']),
    timestamp: z.string(),
    components: z.strictObject({
      scheduler: z.enum(['running', 'stopped']).meta({ description: 'Whether at least one worker beats.' }),
      database: z.enum(['connected', 'disconnected']),
    }),
  })
  .meta({ id: 'Health' })

export const Message = z.strictObject({ message: z.string() }).meta({ id: 'Message' })

export const ProblemAnswer = z
  .strictObject({
    type: z.string().meta({ description: '`/problems/<code>`' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong, and what to do next.' }),
    instance: z.string(),
    errors: z
      .array(z.strictObject({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'On 422: every field at fault.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457.' })
