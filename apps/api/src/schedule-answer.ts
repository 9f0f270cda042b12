import { everyLimits } from '@scheduler/core/interval'
import { z } from 'zod'

const units = Object.fromEntries(Object.keys(everyLimits).map((unit) => [unit, z.int().positive().optional()])) as {
  [Unit in keyof typeof everyLimits]: z.ZodOptional<z.ZodInt>
}

const bounds = { start_date: z.string().nullable(), end_date: z.string().nullable() }

export const ScheduleAnswer = z
  .union([
    z.strictObject({ schedule_time: z.string() }),
    z.strictObject({ ...units, ...bounds }),
    z.strictObject({ cron: z.string(), ...bounds }),
    z.strictObject({ rrule: z.string(), ...bounds }),
  ])
  .meta({
    description:
      'The fields that made the schedule; `start_date` is null when the first run was one interval from creation.',
  })
