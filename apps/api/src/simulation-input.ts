import { DateTimeText, Tags, Timezone } from '@scheduler/core/fields'
import { type FieldError, invalid } from '@scheduler/core/problem'
import { checkDst, readNewSchedule } from '@scheduler/core/read-new-schedule'
import { readDateTime } from '@scheduler/core/read-rule'
import type { Range } from '@scheduler/core/recurrence'
import type { Blackout } from '@scheduler/core/schedule'
import type { SimulationInput } from '@scheduler/core/simulate'
import { parseZone } from '@scheduler/core/timezone'
import { policiesOf } from '@scheduler/db/queries/policies-of'
import { z } from 'zod'
import { readPolicies } from './job-fields.ts'
import { readSimulatedRetry, SimulatedJob } from './simulated-retry.ts'

const LONGEST_MS = 10 * 366 * 86_400_000
const MOST_RANGES = 100
/** Seed of the jitter of a job that has no id yet. */
const NIL = '00000000-0000-0000-0000-000000000000'

const range = { from: DateTimeText, to: DateTimeText }

const Receiver = z.strictObject({
  latency_ms: z.int().min(0).max(900_000).default(100).meta({ description: 'How long it takes to answer.' }),
  failures: z
    .array(
      z.strictObject({
        ...range,
        status: z
          .int()
          .refine((it) => it === 0 || (it >= 300 && it <= 599), 'must be 0, or from 300 to 599')
          .meta({
            description: 'What it answers; 0: nothing, until the timeout.',
            example: 503,
            ...{ minimum: 0, maximum: 599 },
          }),
      }),
    )
    .max(MOST_RANGES)
    .default([])
    .meta({ description: 'When it fails, judged by the beginning of an attempt; it answers 200 otherwise.' }),
})

export const Simulation = z
  .strictObject({
    job: SimulatedJob,
    from: DateTimeText.meta({
      description:
        'Exclusive; the moment at which the job is created. Without an offset, as all times here, in its zone.',
      example: '2026-11-24T00:00:00',
    }),
    to: DateTimeText.meta({
      description: 'Inclusive; at most ten years after `from`.',
      example: '2026-12-24T00:00:00',
    }),
    outages: z.array(z.strictObject(range)).max(MOST_RANGES).default([]).meta({
      description: 'When there is no worker, or no database: nothing is dispatched, what is in flight is lost.',
    }),
    receiver: Receiver.prefault({}),
    workers: z.int().min(1).max(64).default(2).meta({ description: 'Each has places for 100 attempts.' }),
    tags: Tags.optional().meta({ description: 'Tags whose blackouts count, as they are now.' }),
    job_id: z.uuid().optional().meta({ description: 'Of an existing job: its jitter, which goes by the id.' }),
    convert_to: Timezone.optional().meta({ description: 'The zone to show times in; the job’s own without it.' }),
  })
  .meta({ id: 'Simulation' })

/**
 * What a request asks to simulate.
 *
 * @param tagged the blackouts of its tags
 * @throws Problem `validation-failed` that names every field at fault.
 */
export function readSimulation(
  body: z.infer<typeof Simulation>,
  graceSeconds: number,
  tagged: readonly Blackout[],
): SimulationInput {
  const { job, receiver, workers } = body
  const timezone = job.timezone ?? 'UTC'
  const zone = parseZone(timezone) ?? 'UTC'
  const errors: FieldError[] = []
  const window = readRange('', body, zone, errors)
  if (window && window.to - window.from > LONGEST_MS) {
    errors.push({ path: 'to', message: 'must be at most ten years after from' })
  }
  const outages = body.outages.flatMap((it, i) => readRange(`outages.${i}.`, it, zone, errors) ?? [])
  const failures = receiver.failures.flatMap((it, i) => {
    const found = readRange(`receiver.failures.${i}.`, it, zone, errors)
    return found ? [{ ...found, status: it.status }] : []
  })

  const ofJob: FieldError[] = []
  const policies = readPolicies(job, zone, ofJob)
  const retry = readSimulatedRetry(job.retry, ofJob)
  const result = window ? readNewSchedule(job, zone, window.from) : null
  if (result && 'errors' in result) ofJob.push(...result.errors)
  const schedule = result && 'schedule' in result ? result.schedule : null
  if (schedule) ofJob.push(...checkDst(schedule, policies.dst))
  errors.push(...ofJob.map(({ path, message }) => ({ path: `job.${path}`, message })))
  if (!window || !schedule || errors.length > 0) throw invalid(errors)

  return {
    schedule,
    policies: policiesOf({ id: body.job_id ?? NIL, timezone, policies }, graceSeconds, tagged),
    ...window,
    outages,
    receiver: { latencyMs: receiver.latency_ms, failures },
    workers,
    retry,
  }
}

/** @param prefix of its fields' paths */
function readRange(
  prefix: string,
  { from, to }: { from: string; to: string },
  zone: string,
  errors: FieldError[],
): Range | null {
  const first = readDateTime(`${prefix}from`, from, zone, errors)
  const last = readDateTime(`${prefix}to`, to, zone, errors)
  if (!first || !last) return null
  if (first.instant < last.instant) return { from: first.instant, to: last.instant }
  errors.push({ path: `${prefix}to`, message: 'must be after from' })
  return null
}
