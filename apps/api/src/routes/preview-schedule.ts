import { setImmediate } from 'node:timers/promises'
import { formatNominal } from '@scheduler/core/clock-change'
import { describeSchedule } from '@scheduler/core/describe'
import { DateTimeText, Tags, Timezone } from '@scheduler/core/fields'
import { NewSchedule } from '@scheduler/core/job'
import { type Foreseen, latestEffective, type PreviewOptions, preview } from '@scheduler/core/preview'
import { type FieldError, invalid } from '@scheduler/core/problem'
import { checkDst, readNewSchedule } from '@scheduler/core/read-new-schedule'
import { readDateTime } from '@scheduler/core/read-rule'
import type { Policies, Schedule } from '@scheduler/core/schedule'
import { formatInZone, parseZone } from '@scheduler/core/timezone'
import { taggedBlackouts } from '@scheduler/db/queries/job-states'
import { policiesOf } from '@scheduler/db/queries/policies-of'
import { z } from 'zod'
import { databaseNow } from '../database-now.ts'
import { formatUtc } from '../dry-run.ts'
import { readPolicies } from '../job-fields.ts'
import { RULE_BODY_LIMIT } from '../json-body.ts'
import { PreviewAnswer, previewExample } from '../preview-answer.ts'
import { route } from '../route.ts'

const MOST = 1_000
const PAGE = 50

const asked = {
  from: DateTimeText.optional().meta({
    description: 'Occurrences come after this; now where it is not given. It may lie in the past.',
  }),
  count: z
    .int()
    .min(1)
    .max(MOST)
    .optional()
    .meta({
      description: `How many to list: 10 where it is not given, or, with \`until\`, ${MOST.toLocaleString('en')}.`,
      example: 3,
    }),
  until: DateTimeText.optional().meta({ description: 'The last nominal time to list, inclusive.' }),
  convert_to: Timezone.optional().meta({ description: 'The zone that times are shown in.' }),
  tags: Tags.optional().meta({ description: 'Tags whose blackouts count.' }),
  job_id: z.uuid().optional().meta({
    description:
      'The job whose jitter is shown: it depends on the id. Without it, `effective_latest` says how far it may go.',
  }),
}
const [once, interval, cron, rrule] = NewSchedule.options

const Preview = z
  .discriminatedUnion('type', [once.extend(asked), interval.extend(asked), cron.extend(asked), rrule.extend(asked)])
  .meta({ id: 'Preview' })

export const previewSchedule = route({
  method: 'post',
  path: '/schedules/preview',
  tag: 'Jobs',
  summary: 'Preview a schedule',
  description:
    'What a job would run at, nothing stored: the same rules, and the same refusals, as a create. What a blackout or a change of clock leaves out is listed with the reason. A schedule that names nothing has an empty list.',
  body: Preview,
  bodyLimit: RULE_BODY_LIMIT,
  answer: { status: 200, schema: PreviewAnswer, description: 'What comes.' },
  problems: [],
  examples: {
    body: {
      daily: { type: 'interval', days: 1, start_date: '2026-11-24T08:00:00', timezone: 'Asia/Jakarta', count: 1 },
      spring: {
        type: 'cron',
        cron: '30 2 * * *',
        timezone: 'America/New_York',
        dst: { gap: 'skip' },
        from: '2027-03-13T12:00:00',
        count: 2,
      },
    },
    answer: { daily: previewExample },
  },

  async handle({ body }, deps) {
    const now = (await databaseNow(deps)).getTime()
    const timezone = body.timezone ?? 'UTC'
    const zone = parseZone(timezone) ?? 'UTC'
    const errors: FieldError[] = []
    const stored = readPolicies(body, zone, errors)
    const read = readNewSchedule(body, zone, now)
    errors.push(...('errors' in read ? read.errors : checkDst(read.schedule, stored.dst)))
    const from = body.from === undefined ? now : readDateTime('from', body.from, zone, errors)?.instant
    const until = body.until === undefined ? undefined : readDateTime('until', body.until, zone, errors)?.instant
    if (from !== undefined && until !== undefined && until < from) {
      errors.push({ path: 'until', message: 'must not be before from' })
    }
    if ('errors' in read || from === undefined || errors.length > 0) throw invalid(errors)

    const { schedule } = read
    const job = { id: body.job_id ?? '', timezone, policies: stored }
    const { tags = [] } = body
    const tagged = (await taggedBlackouts(deps.pool, [{ tags, cursorAt: new Date(from) }]))({ tags })
    const policies = policiesOf(job, deps.settings.graceSeconds, tagged)
    const limit = body.count ?? (until === undefined ? 10 : MOST)
    // Without the id of the job, which seeds the jitter, there is none to show.
    const shownPolicies = body.job_id === undefined ? { ...policies, jitterSeconds: 0 } : policies
    const found = await pages(schedule, shownPolicies, from, { limit, until })
    const shownIn = parseZone(body.convert_to ?? timezone) ?? zone
    const answered = found.occurrences.map((it) => ({
      ...shown(it, shownIn),
      ...(body.job_id === undefined && {
        effective_latest: formatInZone(
          it.skipped ? it.effective : latestEffective(schedule, policies, it.nominal),
          shownIn,
        ),
      }),
    }))
    const description = describeSchedule(schedule, timezone, policies, now)
    return { body: { description, occurrences: answered, exhausted: found.exhausted } }
  },
})

/**
 * A preview page by page, other requests in between: occurrences that are years apart take a millisecond each, to read the
 * zone's clocks of that year.
 */
async function pages(schedule: Schedule, policies: Policies, from: number, { limit, until }: PreviewOptions) {
  const occurrences: Foreseen[] = []
  let exhausted = false
  for (let size = PAGE; size === PAGE && !exhausted && occurrences.length < limit; ) {
    if (occurrences.length > 0) await setImmediate()
    const after = occurrences.at(-1)?.nominal ?? from
    const runs = occurrences.filter(({ skipped }) => !skipped).length
    const page = preview(schedule, policies, after, { limit: Math.min(PAGE, limit - occurrences.length), until, runs })
    occurrences.push(...page.occurrences)
    size = page.occurrences.length
    exhausted = page.exhausted
  }
  return { occurrences, exhausted }
}

function shown({ nominal, effective, dst, skipped }: Foreseen, zone: string) {
  return {
    nominal: formatNominal(nominal, dst, zone),
    effective: formatInZone(effective, zone),
    utc: formatUtc(nominal),
    dst,
    skipped,
  }
}
