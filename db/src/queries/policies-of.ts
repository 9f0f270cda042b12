import type { Policies } from '@scheduler/core/schedule'
import { parseZone } from '@scheduler/core/timezone'
import type { JobRow } from '../schema/jobs.ts'

/** What the planner takes, from what the job's row holds. @throws when the zone is not one. */
export function policiesOf(job: Pick<JobRow, 'id' | 'timezone' | 'policies'>, graceSeconds: number): Policies {
  const zone = parseZone(job.timezone)
  if (!zone) throw new Error(`${job.timezone} is not a time zone`)
  const { misfire, jitterSeconds = 0 } = job.policies
  return { zone, seed: job.id, jitterSeconds, misfire: { policy: 'last', graceSeconds, max: 1_000, ...misfire } }
}
