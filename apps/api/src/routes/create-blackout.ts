import { DateTimeText, Reason, Tag, Timezone } from '@scheduler/core/fields'
import { type FieldError, invalid } from '@scheduler/core/problem'
import { readDateTime } from '@scheduler/core/read-rule'
import { parseZone } from '@scheduler/core/timezone'
import { createBlackout as create } from '@scheduler/db/queries/blackouts'
import { z } from 'zod'
import { BlackoutAnswer } from '../answers.ts'
import { databaseNow } from '../database-now.ts'
import { blackout, blackoutBody } from '../examples.ts'
import { toBlackout } from '../resources.ts'
import { route } from '../route.ts'

const NewBlackout = z
  .strictObject({
    tag: Tag,
    from: DateTimeText.meta({ description: 'Inclusive; without an offset, wall time in `timezone`.' }),
    to: DateTimeText.meta({ description: 'Exclusive; without an offset, wall time in `timezone`.' }),
    timezone: Timezone.optional(),
    reason: Reason.nullish(),
  })
  .meta({ id: 'NewBlackout' })

export const createBlackout = route({
  method: 'post',
  path: '/blackouts',
  tag: 'Jobs',
  summary: 'Create a blackout for a tag',
  description:
    'Nothing is sent of jobs that have the tag while it lasts: their occurrences are `skipped` for reason `blackout`. What was dispatched before goes its way. One job’s own blackouts are its field `blackouts`.',
  body: NewBlackout,
  answer: { status: 201, schema: BlackoutAnswer, description: 'The blackout.', headers: ['Location'] },
  problems: ['too-many-blackouts'],
  examples: { body: { christmas: blackoutBody }, answer: { christmas: blackout } },

  async handle({ body }, deps) {
    const zone = parseZone(body.timezone ?? 'UTC') ?? 'UTC'
    const errors: FieldError[] = []
    const from = readDateTime('from', body.from, zone, errors)
    const to = readDateTime('to', body.to, zone, errors)
    const now = await databaseNow(deps)
    if (from && to && from.instant >= to.instant) errors.push({ path: 'to', message: 'must be after from' })
    else if (to && to.instant <= now.getTime()) errors.push({ path: 'to', message: 'must be in the future' })
    if (!from || !to || errors.length > 0) throw invalid(errors)
    const fields = {
      tag: body.tag,
      from: new Date(from.instant),
      to: new Date(to.instant),
      reason: body.reason ?? null,
    }
    const row = await create(deps.pool, fields, now)
    const location = `${deps.settings.publicUrl ?? ''}/blackouts/${row.id}`
    return { body: toBlackout(row, zone), headers: { location } }
  },
})
