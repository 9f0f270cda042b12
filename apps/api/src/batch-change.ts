import { Tag } from '@scheduler/core/fields'
import { type JobSelection, taggedJobs } from '@scheduler/db/queries/batch-jobs'
import { z } from 'zod'
import { databaseUnavailable } from './answer-problem.ts'
import { BATCH_DEADLINE_MS, MAX_BATCH, refused } from './batch-results.ts'
import type { Answer, AnyRoute, Deps } from './route.ts'

/** Jobs that are changed at once. More would take the connections that other requests need. */
const AT_ONCE = 4

/** So many in a row that the database does not answer are no matter of one job, whose row somebody may hold. */
const MOST_UNANSWERED = 8

/** When no further job is begun, ms: what is under way must still be in the answer. */
const LAST_START_MS = BATCH_DEADLINE_MS - 10_000

/** Which jobs a batch is about. */
export const selection = {
  ids: z.array(z.string()).min(1).max(MAX_BATCH).optional().meta({ description: 'The jobs.' }),
  tag: Tag.optional().meta({ description: `Instead: the jobs with this tag, newest first, ${MAX_BATCH} at the most.` }),
}

interface Selection {
  ids?: string[] | undefined
  tag?: string | undefined
}

/** The schemas of a body that selects jobs, by an object or by a bare array of ids: one to check with, one to show. */
export function batchBody<S extends z.ZodType<Selection>>(object: S) {
  const body = z.preprocess(
    (sent) => (Array.isArray(sent) ? { ids: sent } : sent),
    object.refine(({ ids, tag }) => (ids === undefined) !== (tag === undefined), 'must give either ids or tag'),
  )
  return { body, bodyShown: z.union([z.array(z.uuid()).min(1).max(MAX_BATCH), object]) }
}

/**
 * Sends each selected job through the route that changes one, with the rest of the body, and answers with what became
 * of each. Each is a transaction of its own.
 *
 * @param which the jobs with a tag that the route could change
 * @param dryRun whether it only answers with what would become of each
 */
export async function changeEach(
  route: AnyRoute,
  { ids, tag, ...body }: Selection,
  which: JobSelection,
  deps: Deps,
  dryRun = false,
): Promise<Answer> {
  const chosen = ids ?? (await taggedJobs(deps.pool, tag ?? '', which, MAX_BATCH + 1))
  const results = await each(chosen.slice(0, MAX_BATCH), deps, async (id) => {
    const query = dryRun ? { dry_run: 'true' } : {}
    const input = { params: { id }, query, body, headers: {}, url: route.path, idempotency: null }
    const { body: answered } = await route.handle(input as never, deps)
    return dryRun ? { diff: (answered as { diff: object }).diff } : {}
  })
  return { body: { results, ...(chosen.length > MAX_BATCH && { more: true }) } }
}

/** The results in the order of the ids. Once the database is away, or time is up, the rest is not tried. */
async function each(
  ids: string[],
  { log, settings }: Deps,
  change: (id: string) => Promise<object>,
): Promise<object[]> {
  const results: object[] = []
  const began = performance.now()
  let next = 0
  let unanswered = 0
  const resultOf = async (id: string): Promise<object> => {
    try {
      const isOver = unanswered >= MOST_UNANSWERED || performance.now() - began > LAST_START_MS
      if (isOver) throw databaseUnavailable()
      const more = await change(id)
      unanswered = 0
      return { status: 200, job_id: id, ...more }
    } catch (error) {
      const result = refused(error, log, settings.publicUrl)
      unanswered = result.status === 503 ? unanswered + 1 : 0
      return result
    }
  }
  // An id that is there twice is changed twice, in order: the first of them was begun before.
  const latest = new Map<string, Promise<object>>()
  const inTurn = async (id: string): Promise<object> => {
    await latest.get(id)
    return await resultOf(id)
  }
  const carryOn = async () => {
    for (let i = next++; i < ids.length; i = next++) {
      const id = ids[i] ?? ''
      const result = inTurn(id)
      latest.set(id, result)
      results[i] = await result
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, carryOn))
  return results
}
