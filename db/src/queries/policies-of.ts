import { readStored } from '@scheduler/core/datetime'
import { disjoint } from '@scheduler/core/recurrence'
import { type Blackout, defaultDst, type Policies } from '@scheduler/core/schedule'
import { parseZone } from '@scheduler/core/timezone'
import type { JobRow } from '../schema/jobs.ts'

/**
 * What the planner takes, from what the job's row holds.
 *
 * @param tagged blackouts of the job's tags, as `disjoint` returns them
 * @throws when the zone is not one.
 */
export function policiesOf(
  job: Pick<JobRow, 'id' | 'timezone' | 'policies'>,
  graceSeconds: number,
  tagged: readonly Blackout[] = [],
): Policies {
  const zone = parseZone(job.timezone)
  if (!zone) throw new Error(`${job.timezone} is not a time zone`)
  const { misfire, jitterSeconds = 0, overlap = 'skip', dst, maxRuns = null, blackouts = [] } = job.policies
  const own = blackouts.map(({ from, to }) => ({ from: readStored(from).instant, to: readStored(to).instant }))
  return {
    zone,
    seed: job.id,
    jitterSeconds,
    misfire: { policy: 'last', graceSeconds, max: 1_000, ...misfire },
    overlap,
    dst: { ...defaultDst, ...dst },
    maxRuns,
    blackouts: own.length === 0 ? tagged : disjoint([...own, ...tagged]),
  }
}
