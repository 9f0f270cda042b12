import { z } from 'zod'
import { DateTimeText } from './fields.ts'
import { foldPolicies, gapPolicies, misfirePolicies, overlapPolicies } from './schedule.ts'

/** The policies that a client writes. `…Patch`: null brings a part back to its default. */

export const Jitter = z.int().min(0).max(86_400).meta({
  description: 'Largest delay added to each occurrence, seconds; the same for the same occurrence.',
  example: 0,
})

const misfireFields = {
  policy: z.enum(misfirePolicies).meta({
    description: '`last` sends the newest missed occurrence, `all` each of them up to `max`, `skip` none.',
    example: 'last',
  }),
  grace_seconds: z.int().min(0).max(31_536_000).meta({
    description: 'How late an occurrence may be and still be sent; MISFIRE_GRACE_TIME where it is not given.',
    example: 900,
  }),
  max: z.int().min(1).max(1_000).meta({ description: 'How many `all` sends at the most.', example: 1_000 }),
}

const misfireMeta = { description: 'What becomes of occurrences that were missed.' }

export const MisfireInput = z.strictObject(misfireFields).partial().meta(misfireMeta)
export const MisfireAnswer = z.strictObject(misfireFields).meta(misfireMeta)
export const MisfirePatch = z
  .strictObject({
    policy: misfireFields.policy.nullish(),
    grace_seconds: misfireFields.grace_seconds.nullish(),
    max: misfireFields.max.nullish(),
  })
  .meta(misfireMeta)

export const Overlap = z.enum(overlapPolicies).meta({
  description:
    'What becomes of an occurrence that is due while an earlier execution of the job is queued, running, waiting or parked: `skip` drops it, `queue_one` and `queue_all` let one or all wait for their turn, `cancel_running` cancels the earlier one, `allow` sends it all the same.',
  example: 'skip',
})

const dstFields = {
  gap: z.enum(gapPolicies).meta({
    description:
      'A wall time that the clocks skip: `shift` sends it as far past the gap as it is into it, `next_valid` at the end of the gap, `skip` not at all.',
    example: 'shift',
  }),
  fold: z.enum(foldPolicies).meta({
    description: 'A wall time that occurs twice: which of the two is sent.',
    example: 'first',
  }),
}
const dstMeta = {
  description:
    'How wall times are placed where the clocks change. Exact units (hours and finer) and a cron whose minute or hour begins with `*` run as the clocks go.',
}
export const DstInput = z.strictObject(dstFields).partial().meta(dstMeta)
export const DstAnswer = z.strictObject(dstFields).meta(dstMeta)
export const DstPatch = z.strictObject({ gap: dstFields.gap.nullish(), fold: dstFields.fold.nullish() }).meta(dstMeta)

export const MaxRuns = z.int().min(1).max(1_000_000_000).meta({
  description: 'How many occurrences are sent before the job is completed; those not sent do not count.',
  example: 10,
})

export const Blackouts = z
  .array(z.strictObject({ from: DateTimeText, to: DateTimeText }))
  .max(100)
  .meta({
    description:
      'Stretches of time in which nothing is sent: an occurrence whose nominal time is at or after `from` and before `to` is `skipped` for reason `blackout`.',
    example: [{ from: '2026-12-24T00:00:00', to: '2026-12-27T00:00:00' }],
  })

/** The policies of a create or an update. */
export const policyFields = {
  jitter: Jitter.optional(),
  misfire: MisfireInput.optional(),
  overlap: Overlap.optional(),
  dst: DstInput.optional(),
  max_runs: MaxRuns.nullish(),
  blackouts: Blackouts.optional(),
}

/** The policies of a merge patch. */
export const policyPatchFields = {
  jitter: Jitter.nullable(),
  misfire: MisfirePatch.nullable(),
  overlap: Overlap.nullable(),
  dst: DstPatch.nullable(),
  max_runs: MaxRuns.nullable(),
  blackouts: Blackouts.nullable(),
}
