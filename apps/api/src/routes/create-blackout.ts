import { DateTimeText, Reason, Tag, Timezone } from '@scheduler/core/fields'
import { type FieldError, invalid } from '@scheduler/core/problem'
import { readDateTime } from '@scheduler/core/read-rule'
import { formatInZone, parseZone } from '@scheduler/core/timezone'
import { createBlackout as create } from '@scheduler/db/queries/blackouts'
import { jobsWithin } from '@scheduler/db/queries/jobs-of-blackout'
import { MOST_WALKED } from '@scheduler/db/queries/walk'
import { z } from 'zod'
import { BlackoutAnswer } from '../answers.ts'
import { databaseNow } from '../database-now.ts'
import { blackout, blackoutBody } from '../examples.ts'
import { idempotently } from '../idempotency.ts'
import { toBlackout } from '../resources.ts'
import { type Deps, route } from '../route.ts'

const NewBlackout = z
  .strictObject({
    tag: Tag,
    from: DateTimeText.meta({ description: 'Inclusive; without an offset, wall time in `timezone`.' }),
    to: DateTimeText.meta({ description: 'Exclusive; without an offset, wall time in `timezone`.' }),
    timezone: Timezone.optional(),
    reason: Reason.nullish().meta({ description: 'Why; shown where it keeps something back.' }),
  })
  .meta({ id: 'NewBlackout' })

const DryBlackout = z
  .strictObject({
    tag: z.string(),
    from: z.string(),
    to: z.string(),
    jobs: z.int().meta({ description: 'Jobs whose next run it would leave out.' }),
    jobs_is_lower_bound: z.boolean().meta({
      description: `Whether there may be more: ${MOST_WALKED.toLocaleString('en')} jobs are looked at.`,
    }),
  })
  .meta({ id: 'DryBlackout' })

export const createBlackout = route({
  method: 'post',
  path: '/blackouts',
  tag: 'Jobs',
  summary: 'Create a blackout for a tag',
  description:
    'Nothing is sent of jobs that have the tag while it lasts: their occurrences are `skipped` for reason `blackout`. What was dispatched before goes its way. One job’s own blackouts are its field `blackouts`.',
  body: NewBlackout,
  idempotent: true,
  answer: { status: 201, schema: BlackoutAnswer, description: 'The blackout.', headers: ['Location'] },
  problems: ['too-many-blackouts'],
  examples: { body: { christmas: blackoutBody }, answer: { christmas: blackout } },

  async handle({ body, idempotency }, deps) {
    const { zone, now, fields } = await read(body, deps)
    return await idempotently(idempotency, deps, async (on) => {
      const row = await create(on, fields, now)
      const location = `${deps.settings.publicUrl ?? ''}/blackouts/${row.id}`
      return { body: toBlackout(row, zone), headers: { location } }
    })
  },

  async dryRun({ body }, deps) {
    const { zone, fields } = await read(body, deps)
    const { jobs, isLowerBound } = await jobsWithin(deps.pool, fields)
    const show = (at: Date) => formatInZone(at.getTime(), zone)
    return {
      status: 200,
      body: { tag: fields.tag, from: show(fields.from), to: show(fields.to), jobs, jobs_is_lower_bound: isLowerBound },
    }
  },
  dryAnswer: { status: 200, schema: DryBlackout, description: 'With `dry_run=true`: nothing is stored.' },
})

/** @throws Problem `validation-failed` that names every field at fault. */
async function read(body: z.infer<typeof NewBlackout>, deps: Deps) {
  const zone = parseZone(body.timezone ?? 'UTC') ?? 'UTC'
  const errors: FieldError[] = []
  const from = readDateTime('from', body.from, zone, errors)
  const to = readDateTime('to', body.to, zone, errors)
  const now = await databaseNow(deps)
  if (from && to && from.instant >= to.instant) errors.push({ path: 'to', message: 'must be after from' })
  else if (to && to.instant <= now.getTime()) errors.push({ path: 'to', message: 'must be in the future' })
  if (!from || !to || errors.length > 0) throw invalid(errors)
  const fields = { tag: body.tag, from: new Date(from.instant), to: new Date(to.instant), reason: body.reason ?? null }
  return { zone, now, fields }
}
