import { defaultRetry, type Retry } from '@scheduler/core/delivery'
import { RetryInput } from '@scheduler/core/delivery-fields'
import { NewSchedule } from '@scheduler/core/job'
import type { FieldError } from '@scheduler/core/problem'
import { z } from 'zod'
import { readRetry } from './read-delivery.ts'

const retry = { retry: RetryInput.optional() }
const [once, interval, cron, rrule] = NewSchedule.options

/** A schedule and its policies, with what becomes of attempts that fail. */
export const SimulatedJob = z
  .discriminatedUnion('type', [once.extend(retry), interval.extend(retry), cron.extend(retry), rrule.extend(retry)])
  .meta({ id: 'SimulatedJob' })

/** The retry policy of a simulated job, with the defaults filled in. */
export function readSimulatedRetry(given: z.infer<typeof RetryInput> | undefined, errors: FieldError[]): Retry {
  return { ...defaultRetry, ...readRetry(given, {}, errors) }
}
