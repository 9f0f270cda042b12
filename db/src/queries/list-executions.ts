import { type ExecutionState, finalStates } from '@scheduler/core/execution'
import { and, eq, gte, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { readByIndex } from '../by-index.ts'
import { createDb, type Db, type Pool } from '../client.ts'
import { type ExecutionRow, executions } from '../schema/executions.ts'
import { type FullExecution, withAttempts } from './executions.ts'
import { only, type Page, type Paging, pageOfFew, type Walk, walk } from './walk.ts'

export interface ExecutionFilters {
  jobId?: string | undefined
  state?: ExecutionState | undefined
  destination?: string | undefined
  /** Of `scheduled_for`: inclusive. */
  from?: Date | undefined
  /** Of `scheduled_for`: exclusive. */
  to?: Date | undefined
}

/** Where a page ended. */
export interface ExecutionPosition {
  scheduledFor: Date
  id: string
}

/** What is listed, with the attempts of the page; where it ended has none. */
export interface PageOfExecutions extends Omit<Page<ExecutionRow>, 'rows'> {
  rows: FullExecution[]
}

type ExecutionPaging = Paging<ExecutionPosition>

/** A page of executions, latest occurrence first. */
export async function listExecutions(
  pool: Pool,
  filters: ExecutionFilters,
  paging: ExecutionPaging,
): Promise<PageOfExecutions> {
  return await readByIndex(pool, async (client) => {
    const db = createDb(client)
    const few = isOver(filters.state) ? null : await pageOfUnfinished(db, filters, paging)
    const { rows, last } = few ?? (await walk(db, executions, wayTo(filters, paging)))
    return { rows: await withAttempts(db, rows), last }
  })
}

/** Whether a filter's executions are finished, or may be. */
const isOver = (state: ExecutionState | undefined): boolean =>
  state === undefined || (finalStates as readonly string[]).includes(state)

/** The index of what is not finished has another order: it serves where that is no more than a walk reads. */
async function pageOfUnfinished(
  db: Db,
  filters: ExecutionFilters,
  { limit, after }: ExecutionPaging,
): Promise<Page<ExecutionRow> | null> {
  const { jobId } = filters
  const from = and(isNull(executions.finishedAt), jobId ? eq(executions.jobId, jobId) : undefined)
  const meant = and(areMeant(filters), isWithin(filters, after))
  return await pageOfFew(db, executions, { from, meant, keys: ['scheduledFor', 'id'], limit })
}

function wayTo(filters: ExecutionFilters, { limit, after }: ExecutionPaging): Walk<typeof executions> {
  const { jobId } = filters
  const within = and(jobId ? only(executions.jobId, jobId) : undefined, isWithin(filters, after))
  const keys = jobId ? (['jobId', 'scheduledFor', 'id'] as const) : (['scheduledFor', 'id'] as const)
  return { within, meant: areMeant(filters), keys, limit }
}

/** The stretch of the ledger. The position's time is named alone too: by a pair no part of a partitioned table is left out. */
function isWithin({ from, to }: ExecutionFilters, after: ExecutionPosition | null): SQL | undefined {
  const at = after?.scheduledFor.toISOString()
  return and(
    from && gte(executions.scheduledFor, from),
    to && lt(executions.scheduledFor, to),
    after
      ? sql`${executions.scheduledFor} <= ${at}::timestamptz and (${executions.scheduledFor}, ${executions.id}) < (${at}::timestamptz, ${after.id})`
      : undefined,
  )
}

function areMeant({ jobId, state, destination }: ExecutionFilters): SQL | undefined {
  return and(
    jobId ? eq(executions.jobId, jobId) : undefined,
    state && eq(executions.state, state),
    destination ? eq(executions.destination, destination) : undefined,
  )
}
