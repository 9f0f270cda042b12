import { timeline } from '@scheduler/core/timeline'
import { taggedBlackouts } from '@scheduler/db/queries/job-states'
import { versionAt, versionOf } from '@scheduler/db/queries/job-versions'
import { policiesOf } from '@scheduler/db/queries/policies-of'
import type { JobRow } from '@scheduler/db/schema/jobs'
import type { Rule, Version } from './explain-subject.ts'
import type { Deps } from './route.ts'

/** The rule that was in force at an instant; null when it is no longer known, or can't be computed. */
export async function ruleAt(job: JobRow, at: number, deps: Deps): Promise<Rule | null> {
  const version = at >= job.updatedAt.getTime() ? presentOf(job) : await versionAt(deps.db, job.id, new Date(at))
  return version && (await ruleOf(job, version, at, deps))
}

/** The rule of a version of a job, which an execution names. */
export async function ruleOfVersion(job: JobRow, number: number, at: number, deps: Deps): Promise<Rule | null> {
  const version = number >= job.version ? presentOf(job) : await versionOf(deps.db, job.id, number)
  return version && (await ruleOf(job, version, at, deps))
}

/** Whether the rule names an instant, or would but for a gap. */
export function names({ line }: Rule, at: number): boolean {
  return line.all.atOrBefore(at) === at || line.gapsIn(at - 1, at).length > 0
}

const presentOf = (job: JobRow): Version => ({ ...job, validFrom: job.updatedAt })

async function ruleOf(job: JobRow, version: Version, at: number, { pool, settings }: Deps): Promise<Rule | null> {
  const { tags } = version
  const tagged = (await taggedBlackouts(pool, [{ tags, cursorAt: new Date(at - 1) }]))({ tags })
  try {
    const policies = policiesOf({ ...version, id: job.id }, settings.graceSeconds, tagged)
    const line = timeline(version.schedule, policies)
    // The first question computes it; what cannot be is known then.
    line.all.after(at)
    return { version, zone: policies.zone, policies, line }
  } catch {
    return null
  }
}
