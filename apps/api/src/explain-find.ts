import { parseDateTime } from '@scheduler/core/datetime'
import { invalid } from '@scheduler/core/problem'
import { parseZone, toInstant } from '@scheduler/core/timezone'
import { type FullExecution, getExecution } from '@scheduler/db/queries/executions'
import { executionIdAt, runsAround } from '@scheduler/db/queries/explain'
import type { JobRow } from '@scheduler/db/schema/jobs'
import { names, ruleAt, ruleOfVersion } from './explain-rule.ts'
import type { Rule, Subject } from './explain-subject.ts'
import type { Deps } from './route.ts'

const SECOND = 1_000
const MINUTE = 60_000

/**
 * What an instant means for a job: its execution where the ledger has one, else the occurrence that the rule then in force
 * names. Without an offset the text is wall time in the job's zone, which a change of clock may skip or repeat: then each
 * instant that it can mean is tried. A whole second, and a whole minute, also means the one occurrence within it.
 *
 * @throws Problem `validation-failed`
 */
export async function findSubject(job: JobRow, text: string, now: number, deps: Deps): Promise<Subject> {
  const zone = parseZone(job.timezone) ?? 'UTC'
  const read = parseDateTime(text, zone)
  if (!read.ok) throw invalid([{ path: 'at', message: read.reason }])
  const candidates = read.naive ? meanings(zone, read.wall) : [read.instant]
  const exact = await firstOf(candidates)
  if (exact) return exact
  const near = (await within(read.instant, SECOND, 'second')) ?? (await within(read.instant, MINUTE, 'minute'))
  if (near) return near
  return { ...(await looked(read.instant)), matched: null }

  async function firstOf(instants: number[]): Promise<Subject | null> {
    const found = []
    for (const at of instants) found.push(await looked(at))
    return found.find(({ row }) => row !== null) ?? found.find(({ matched }) => matched) ?? null
  }

  async function within(start: number, length: number, matched: 'second' | 'minute'): Promise<Subject | null> {
    if (start % length !== 0) return null
    const rule = await ruleAt(job, start, deps)
    const first = rule?.line.all.after(start - 1) ?? null
    if (!rule || first === null || first >= start + length) return null
    if (rule.line.all.countIn(start - 1, start + length - 1) !== 1) return null
    return { ...(await looked(first)), matched }
  }

  async function looked(at: number): Promise<Subject> {
    const row = await executionAt(job, at, deps)
    const rule = row ? await ruleOfVersion(job, row.jobVersion, at, deps) : await ruleAt(job, at, deps)
    const isNamed = row !== null || (rule !== null && names(rule, at))
    return { job, now, at, rule, row, zone: rule?.zone ?? zone, matched: isNamed ? 'exact' : null }
  }
}

/** The instants that a wall time can mean. */
function meanings(zone: string, wall: number): number[] {
  const found = toInstant(zone, wall)
  if (found.kind === 'plain') return [found.instant]
  return [found.instant, found.kind === 'gap' ? found.gapEnd : found.second]
}

/** The execution that stands for an instant: its own, or that of a run of unsent ones. */
async function executionAt(job: JobRow, at: number, deps: Deps): Promise<FullExecution | null> {
  const id = await executionIdAt(deps.pool, job.id, new Date(at))
  if (id) return await getExecution(deps.db, id)
  for (const run of await runsAround(deps.pool, job.id, new Date(at))) {
    const rule = await ruleOfVersion(job, run.jobVersion, at, deps)
    if (!rule || belongs(rule, at, run.reason)) return await getExecution(deps.db, run.id)
  }
  return null
}

/** Whether an instant within a run is one of those that the run stands for. */
function belongs(rule: Rule, at: number, reason: string | null): boolean {
  const isNamed = rule.line.all.atOrBefore(at) === at
  if (reason === 'dst_gap') return !isNamed && names(rule, at)
  return reason === 'paused' ? names(rule, at) : isNamed
}
