import { and, arrayContains, eq, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { byBitmap, readByIndex } from '../by-index.ts'
import { createDb, type Pool, type PoolClient } from '../client.ts'
import { type JobRow, type JobStatus, jobs } from '../schema/jobs.ts'
import { isFewEntries } from './tag-entries.ts'
import { only, type Page, type Paging, pageOfFew, type Walk, walk } from './walk.ts'

export interface JobFilters {
  status?: JobStatus | undefined
  type?: JobRow['type'] | undefined
  tag?: string | undefined
  externalId?: string | undefined
  callbackHost?: string | undefined
}

/** A page of jobs, newest first; those after the job `after` of the same order, which need not exist any more. */
export async function listJobs(pool: Pool, filters: JobFilters, paging: Paging): Promise<Page<JobRow>> {
  return await readByIndex(pool, async (client) => {
    const few = filters.tag && !filters.externalId ? await pageOfTag(client, filters.tag, filters, paging) : null
    return few ?? (await walk(createDb(client), jobs, wayTo(filters, paging)))
  })
}

/** The index of tags gives no order: it serves where no more jobs have the tag than a walk reads. Null where more have. */
async function pageOfTag(
  client: PoolClient,
  tag: string,
  filters: JobFilters,
  { limit, after }: Paging,
): Promise<Page<JobRow> | null> {
  if (!(await isFewEntries(client, tag))) return null
  // The second condition is what lets the partial index serve.
  const from = and(arrayContains(jobs.tags, [tag]), sql`${jobs.tags} <> '{}'`)
  const meant = and(areMeant(filters), after ? lt(jobs.id, after) : undefined)
  return await byBitmap(client, () => pageOfFew(createDb(client), jobs, { from, meant, keys: ['id'], limit }))
}

/** By the index of the filter that leaves the fewest jobs, as a rule. */
function wayTo(filters: JobFilters, { limit, after }: Paging): Walk<typeof jobs> {
  const { status, externalId, callbackHost } = filters
  const rest = { meant: areMeant(filters), limit }
  if (externalId) return { ...wayBy('externalId', externalId, after), ...rest }
  if (status === 'paused' || status === 'quarantined') return { ...wayByStatus(status, after), ...rest }
  if (callbackHost) return { ...wayBy('callbackHost', callbackHost, after, isNull(jobs.deletedAt)), ...rest }
  if (status === 'completed') return { ...wayByStatus(status, after), ...rest }
  return { within: after ? lt(jobs.id, after) : undefined, keys: ['id'], ...rest }
}

/** @param also what lets a partial index serve */
function wayBy(key: 'status' | 'externalId' | 'callbackHost', value: string, after: string | null, also?: SQL) {
  const position = after ? sql`(${jobs[key]}, ${jobs.id}) < (${value}, ${after})` : undefined
  return { within: and(only(jobs[key], value), also, position), keys: [key, 'id'] as const }
}

const wayByStatus = (status: JobStatus, after: string | null) =>
  wayBy('status', status, after, sql`${jobs.status} <> 'active'`)

function areMeant({ status, type, tag, externalId, callbackHost }: JobFilters): SQL | undefined {
  return and(
    isNull(jobs.deletedAt),
    status && eq(jobs.status, status),
    type && eq(jobs.type, type),
    tag ? arrayContains(jobs.tags, [tag]) : undefined,
    externalId ? eq(jobs.externalId, externalId) : undefined,
    callbackHost ? eq(jobs.callbackHost, callbackHost) : undefined,
  )
}
