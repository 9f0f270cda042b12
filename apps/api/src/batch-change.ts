import { setTimeout as wait } from 'node:timers/promises'
import { Tag } from '@scheduler/core/fields'
import { type JobSelection, taggedJobs } from '@scheduler/db/queries/batch-jobs'
import { z } from 'zod'
import { databaseUnavailable } from './answer-problem.ts'
import { BATCH_DEADLINE_MS, MAX_BATCH, refused } from './batch-results.ts'
import { type ChangeMany, changeTogether, type Together } from './change-together.ts'
import type { Answer, AnyRoute, Deps } from './route.ts'

/** Jobs that are changed at once, each by itself. More would take the connections that other requests need. */
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
export function batchBody<S extends z.ZodObject<typeof selection>>(object: S) {
  const body = z.preprocess(
    (sent) => (Array.isArray(sent) ? { ids: sent } : sent),
    object.refine(({ ids, tag }) => (ids === undefined) !== (tag === undefined), 'must give either ids or tag'),
  )
  const either: z.ZodObject<typeof selection> = object
  const shown = [
    selection.ids.unwrap(),
    either.omit({ tag: true }).required({ ids: true }),
    either.omit({ ids: true }).required({ tag: true }),
  ] as const
  return { body, bodyShown: z.union(shown) }
}

/**
 * Changes the selected jobs, and answers with what became of each: together, as far as that is possible, or else each
 * through the route that changes one, with the rest of the body, in a transaction of its own.
 *
 * @param which the jobs with a tag that the route could change
 * @param how to change many together; null for each by itself
 * @param dryRun whether it only answers with what would become of each, each by itself
 */
export async function changeEach(
  route: AnyRoute,
  { ids, tag, ...body }: Selection,
  which: JobSelection,
  deps: Deps,
  { together = null, dryRun = false }: { together?: ChangeMany | null; dryRun?: boolean } = {},
): Promise<Answer> {
  const chosen = ids ?? (await taggedJobs(deps.pool, tag ?? '', which, MAX_BATCH + 1))
  const meant = chosen.slice(0, MAX_BATCH)
  const began = performance.now()
  const isOver = () => performance.now() - began > LAST_START_MS
  const done = together && !dryRun ? await changeTogether(meant, together, deps, isOver) : NOTHING
  const results = await each(meant, deps, { isOver, done }, async (id) => {
    const query = dryRun ? { dry_run: 'true' } : {}
    const input = { params: { id }, query, body, headers: {}, url: route.path, idempotency: null }
    const { body: answered } = await route.handle(input as never, deps)
    return dryRun ? { diff: (answered as { diff: object }).diff } : {}
  })
  // Once for all of them: no request of theirs begins after the answer.
  const left = done.until - performance.now()
  if (left > 0) await wait(left)
  return { body: { results, ...(chosen.length > MAX_BATCH && { more: true }) } }
}

const NOTHING: Together = { results: new Map(), failed: 0, isLost: false, until: 0 }

/** The results in the order of the ids. Once the database is away, or time is up, the rest is not tried. */
async function each(
  ids: string[],
  { log, settings }: Deps,
  { isOver, done }: { isOver: () => boolean; done: Together },
  change: (id: string) => Promise<object>,
): Promise<object[]> {
  const results: object[] = []
  const known = new Map(done.results)
  let next = 0
  let unanswered = done.isLost ? MOST_UNANSWERED : done.failed
  const resultOf = async (id: string): Promise<object> => {
    try {
      if (unanswered >= MOST_UNANSWERED || isOver()) throw databaseUnavailable()
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
      const result = known.get(id.toLowerCase())
      if (result === undefined) {
        const changing = inTurn(id)
        latest.set(id, changing)
        results[i] = await changing
      } else {
        known.delete(id.toLowerCase())
        results[i] = result ? refused(result, log, settings.publicUrl) : { status: 200, job_id: id }
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, carryOn))
  return results
}
