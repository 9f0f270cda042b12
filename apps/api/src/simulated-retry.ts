import { defaultRetry, type Retry } from '@scheduler/core/delivery'
import { NewSchedule } from '@scheduler/core/job'
import type { FieldError } from '@scheduler/core/problem'
import { z } from 'zod'

const SimulatedRetry = z
  .strictObject({
    limit: z.int().min(0).max(100),
    min_backoff_seconds: z.int().min(1).max(86_400),
    max_backoff_seconds: z.int().min(1).max(604_800),
    factor: z.number().min(1).max(10),
    jitter: z.number().min(0).max(1),
    max_age_seconds: z.int().min(60).max(2_592_000),
    stop_at_next: z.boolean(),
  })
  .partial()
  .meta({ description: 'When a failed attempt is followed by another; as of a job.' })

const retry = { retry: SimulatedRetry.optional() }
const [once, interval, cron, rrule] = NewSchedule.options

/** A schedule and its policies, with what becomes of attempts that fail. */
export const SimulatedJob = z
  .discriminatedUnion('type', [once.extend(retry), interval.extend(retry), cron.extend(retry), rrule.extend(retry)])
  .meta({ id: 'SimulatedJob' })

/** The retry policy of a simulated job, with the defaults filled in. */
export function readSimulatedRetry(given: z.infer<typeof SimulatedRetry> = {}, errors: FieldError[]): Retry {
  const { min_backoff_seconds: least = defaultRetry.minBackoffSeconds } = given
  const { max_backoff_seconds: most = defaultRetry.maxBackoffSeconds } = given
  if (most < least) {
    const message = `must be at least min_backoff_seconds, ${least}; it is ${most}`
    errors.push({ path: 'retry.max_backoff_seconds', message })
  }
  return {
    limit: given.limit ?? defaultRetry.limit,
    minBackoffSeconds: least,
    maxBackoffSeconds: most,
    factor: given.factor ?? defaultRetry.factor,
    jitter: given.jitter ?? defaultRetry.jitter,
    maxAgeSeconds: given.max_age_seconds ?? defaultRetry.maxAgeSeconds,
    stopAtNext: given.stop_at_next ?? defaultRetry.stopAtNext,
  }
}
