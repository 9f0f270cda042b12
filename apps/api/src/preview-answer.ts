import { z } from 'zod'
import { DstMarkAnswer } from './dry-run-answer.ts'

const Foreseen = z
  .strictObject({
    nominal: z.string().meta({
      description:
        'What the schedule names. Of a run that a gap leaves out: the wall time that does not exist, with the offset of before.',
    }),
    effective: z.string().meta({ description: 'With its jitter, where `job_id` is given; else the nominal time.' }),
    effective_latest: z.string().optional().meta({
      description:
        'Without `job_id`: the latest that the jitter can make it. The id of the job decides, and there is none before it is created.',
    }),
    utc: z.string().meta({ description: 'The nominal time in UTC.' }),
    dst: DstMarkAnswer,
    skipped: z.enum(['blackout', 'dst_gap']).nullable().meta({ description: 'Why it is not sent; null when it is.' }),
  })
  .meta({ id: 'Foreseen' })

export const PreviewAnswer = z
  .strictObject({
    description: z.string().meta({ description: 'The schedule in a sentence.' }),
    occurrences: z.array(Foreseen),
    exhausted: z.boolean().meta({ description: 'True when the schedule names nothing after the last one listed.' }),
  })
  .meta({ id: 'SchedulePreview' })

export const previewExample = {
  description: 'Every day at 08:00 in Asia/Jakarta',
  occurrences: [
    {
      nominal: '2026-11-24T08:00:00+07:00',
      effective: '2026-11-24T08:00:00+07:00',
      effective_latest: '2026-11-24T08:00:00+07:00',
      utc: '2026-11-24T01:00:00Z',
      dst: null,
      skipped: null,
    },
  ],
  exhausted: false,
}
