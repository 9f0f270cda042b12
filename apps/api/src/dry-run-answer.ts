import { dstMarks } from '@scheduler/core/schedule'
import { z } from 'zod'
import { JobAnswer } from './answers.ts'
import type { AnyRoute, Success } from './route.ts'

export const DstMarkAnswer = z.enum(dstMarks).nullable().meta({
  description:
    'What a change of clock does to it: moved or left out by a gap, or the first or second of two equal wall times.',
})

const Occurrence = z
  .strictObject({
    nominal: z.string().meta({ description: 'What the schedule names, in the zone of the job.' }),
    effective: z.string().meta({ description: 'The nominal time plus jitter; of what is sent at a rate, its turn.' }),
    utc: z.string().meta({ description: 'The nominal time in UTC.' }),
    dst: DstMarkAnswer,
  })
  .meta({ id: 'Occurrence' })

export const DiffAnswer = z
  .strictObject({
    added: z.array(Occurrence),
    removed: z.array(Occurrence),
    moved: z.array(z.strictObject({ from: Occurrence, to: Occurrence })).meta({
      description:
        'The same nominal time with another jitter, or the only one that is gone on a day and the only one that is new on it.',
    }),
    fires_now: z.array(Occurrence).meta({ description: 'What the write itself sends: at once, or in its turn.' }),
  })
  .meta({
    description:
      'The next 20 occurrences that are sent, before and after, up to the earlier of the two last ones. A job that is paused, completed, quarantined or deleted has none; one that is paused until a time has those after it.',
  })

export const DryRunAnswer = z
  .strictObject({
    job: JobAnswer.meta({
      description:
        'As it would be stored; of a delete, as it is. A job that would be created gets another id, and with it another jitter.',
    }),
    diff: DiffAnswer,
  })
  .meta({ id: 'DryRun' })

const DryRun: Success = {
  status: 200,
  schema: DryRunAnswer,
  description: 'With `dry_run=true`: what it would come to; nothing is stored.',
}

/** The successful answers that a route documents: its own, and what it answers to `?dry_run=true` where that differs. */
export function successesOf({ answer, others = [], dryRun, dryAnswer = 'job' }: AnyRoute): Success[] {
  if (!dryRun || dryAnswer === 'same') return [answer, ...others]
  return [answer, ...others, dryAnswer === 'job' ? DryRun : dryAnswer]
}
