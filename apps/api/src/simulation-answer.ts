import { ExecutionReason, ExecutionState } from '@scheduler/core/execution'
import type { SimulationResult } from '@scheduler/core/simulate'
import { formatInZone, parseZone } from '@scheduler/core/timezone'
import { z } from 'zod'

const counts = (description: string) => z.record(z.string(), z.int()).meta({ description })

export const SimulationAnswer = z
  .strictObject({
    timeline: z
      .array(
        z.strictObject({
          scheduled_for: z.string(),
          scheduled_until: z.string().nullable(),
          count: z.int(),
          effective_at: z.string(),
          state: ExecutionState,
          reason: ExecutionReason.nullable(),
          attempts: z.int().meta({ description: 'Requests made, those that were lost with their workers included.' }),
          started_at: z.string().nullable().meta({ description: 'When the first attempt began.' }),
          finished_at: z.string().nullable(),
        }),
      )
      .meta({ description: 'The rows of the ledger, by `scheduled_for`; what is not finished stands as it stands.' }),
    summary: z.strictObject({
      states: counts('Occurrences by state.'),
      reasons: counts('Occurrences by reason.'),
      sent: z.int().meta({ description: 'Occurrences with an attempt.' }),
      latest_ms: z.int().nullable().meta({
        description: 'How long after its effective time an occurrence was sent, at the most; null when none was.',
      }),
      overlapping: z.int().meta({ description: 'The most attempts that were in flight at once.' }),
      truncated: z.boolean().meta({ description: 'Whether it stopped before `to`.' }),
      reached: z.string().meta({ description: 'The instant it came to.' }),
    }),
  })
  .meta({ id: 'Simulated' })

/** @param timezone the zone that times are shown in */
export function toSimulation(
  { timeline, summary, truncated, reached }: SimulationResult,
  timezone: string,
): z.infer<typeof SimulationAnswer> {
  const zone = parseZone(timezone) ?? 'UTC'
  const show = (at: number) => formatInZone(at, zone)
  const shown = (at: number | null) => (at === null ? null : show(at))
  const { states, reasons, sent, latestMs, overlapping } = summary
  return {
    timeline: timeline.map((it) => ({
      scheduled_for: show(it.scheduledFor),
      scheduled_until: shown(it.scheduledUntil),
      count: it.count,
      effective_at: show(it.effectiveAt),
      state: it.state,
      reason: it.reason,
      attempts: it.attempts,
      started_at: shown(it.startedAt),
      finished_at: shown(it.finishedAt),
    })),
    summary: { states, reasons, sent, latest_ms: latestMs, overlapping, truncated, reached: show(reached) },
  }
}
