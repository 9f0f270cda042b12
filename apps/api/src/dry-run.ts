import { type Diff, diff, type Planned, type Side } from '@scheduler/core/diff'
import { upcoming } from '@scheduler/core/preview'
import { timeline } from '@scheduler/core/timeline'
import { formatInZone, parseZone } from '@scheduler/core/timezone'
import type { PoolClient } from '@scheduler/db/client'
import { taggedBlackouts } from '@scheduler/db/queries/job-states'
import { lockJob } from '@scheduler/db/queries/jobs'
import { policiesOf } from '@scheduler/db/queries/policies-of'
import { type Rehearsed, rehearse } from '@scheduler/db/queries/rehearse'
import type { JobRow } from '@scheduler/db/schema/jobs'
import { toJob } from './resources.ts'
import type { Answer, Deps } from './route.ts'

/** How many occurrences of each state are compared. */
const COMPARED = 20

/** Carries out a change of a job, takes it back, and answers with what it would have come to. */
export async function rehearseChange(
  id: string,
  deps: Deps,
  change: (client: PoolClient) => Promise<unknown>,
): Promise<Answer> {
  const rehearsed = await rehearse(deps.pool, async (client) => {
    const { job, now } = await lockJob(client, id, () => true)
    await change(client)
    return { id, before: job, now }
  })
  return await dryRunAnswer(rehearsed, deps)
}

/** The answer to a write that is not to be carried out. */
export async function dryRunAnswer(
  { before, after, now, sends }: Rehearsed,
  { pool, settings }: Pick<Deps, 'pool' | 'settings'>,
): Promise<Answer> {
  const blackouts = await taggedBlackouts(pool, before ? [before, after] : [after])
  const policies = (job: JobRow) => policiesOf(job, settings.graceSeconds, blackouts(job))
  const [old, fresh] = [before ? sideOf(before) : noneIn('UTC'), sideOf(after)]
  const fires = sends.map(({ scheduledFor, effectiveAt }): Planned => {
    const nominal = scheduledFor.getTime()
    return { nominal, effective: effectiveAt.getTime(), dst: markOf(before ?? after, nominal) }
  })
  const body = {
    job: toJob(before && after.deletedAt ? before : after, settings.graceSeconds),
    diff: {
      ...shown(diff(old, fresh, COMPARED), old.zone, fresh.zone),
      fires_now: fires.map(showIn((before && sideZone(before)) ?? fresh.zone)),
    },
  }
  return { status: 200, body }

  function sideOf(job: JobRow): Side {
    const zone = sideZone(job)
    // A pause that ends by itself leaves what comes after it.
    const resumes = job.status === 'paused' && job.pausedUntil !== null
    if ((job.status !== 'active' && !resumes) || job.deletedAt) return noneIn(zone)
    // Twice as many: what moves past the last one that is compared is found there.
    const options = { limit: 2 * COMPARED, runs: job.runs }
    const from = Math.max(now.getTime(), job.pausedUntil?.getTime() ?? 0)
    return { zone, occurrences: upcoming(job.schedule, policies(job), from, options) }
  }

  /** Nothing to say about one that the schedule does not name, a run by hand. */
  function markOf(job: JobRow, nominal: number) {
    const line = timeline(job.schedule, policies(job))
    return line.atOrBefore(nominal) === nominal ? line.mark(nominal) : null
  }
}

const noneIn = (zone: string): Side => ({ zone, occurrences: [] })

const sideZone = ({ timezone }: JobRow): string => parseZone(timezone) ?? 'UTC'

function shown({ added, removed, moved }: Diff, from: string, to: string) {
  return {
    added: added.map(showIn(to)),
    removed: removed.map(showIn(from)),
    moved: moved.map((it) => ({ from: showIn(from)(it.from), to: showIn(to)(it.to) })),
  }
}

/** Shows occurrences in a zone. */
function showIn(zone: string): (occurrence: Planned) => object {
  return ({ nominal, effective, dst }) => ({
    nominal: formatInZone(nominal, zone),
    effective: formatInZone(effective, zone),
    utc: formatUtc(nominal),
    dst,
  })
}

/** ISO 8601 in UTC with `Z`; milliseconds only when not zero. */
export const formatUtc = (instant: number): string => formatInZone(instant, 'UTC').replace('+00:00', 'Z')
