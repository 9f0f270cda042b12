import { ackDeadline, judge, NACK } from '@scheduler/core/acknowledgement'
import type { StoredDelivery } from '@scheduler/core/delivery'
import type { AttemptOutcome } from '@scheduler/core/execution'
import { Problem } from '@scheduler/core/problem'
import type { Signed } from '@scheduler/core/receiver-url'
import type { Pool, PoolClient } from '../client.ts'
import { transaction } from '../transaction.ts'
import { type Ended, type Ending, endLate, LATE_COLUMNS, type Late } from './end-late.ts'
import { executionNotFound } from './executions.ts'
import { promote } from './promote.ts'

/** What a receiver says of work that has failed. */
export interface Refusal {
  /** Whether it may be attempted again, and the least time until then, ms. */
  retry: boolean
  retryAfterMs: number | null
  reason: string | null
}

/** How an execution stands once the word on its attempt was heard. */
export type Acknowledged = Pick<Late, 'state' | 'attempt' | 'ackDeadlineAt'>

/**
 * Carries out what the receiver of an attempt says of it, once; saying it again changes nothing. Of an acknowledgement and the
 * end of its time, of two that contradict each other, the one that has the execution's row first counts.
 *
 * @throws Problem `execution-not-found`, `older-attempt`, or `acknowledgement-expired`
 */
export async function acknowledge(pool: Pool, said: Signed, refusal: Refusal | null = null): Promise<Acknowledged> {
  const { ended, ...stands } = await transaction(pool, (client) => hear(client, said, refusal))
  const promotable = ended.filter((it) => it.recurring && it.to !== 'waiting').map((it) => it.jobId)
  // The word is written down: what fails here is left to the leader, and does not make its receiver say it again.
  await promote(pool, promotable).catch(() => 0)
  return stands
}

async function hear(
  client: PoolClient,
  said: Signed,
  refusal: Refusal | null,
): Promise<Acknowledged & { ended: Ended[] }> {
  const { row, now, outcome, error } = await lock(client, said.executionId)
  const { state, attempt, ackDeadlineAt } = row
  const standing = {
    state,
    attempt,
    ackDeadlineAt: ackDeadlineAt?.getTime() ?? null,
    outcome,
    error,
    now: now.getTime(),
  }
  const verdict = judge(said.action, said.attempt, standing)
  if (verdict === 'older_attempt') throw olderAttempt(said, row)
  if (verdict === 'expired') throw expired(row)
  if (verdict === 'repeated') return { state, attempt, ackDeadlineAt, ended: [] }
  if (said.action === 'heartbeat') return { state, attempt, ackDeadlineAt: await postpone(client, row, now), ended: [] }
  const how: Ending = said.action === 'ack' ? { outcome: 'succeeded' } : ending(refusal)
  const ended = await endLate(client, [row], how, now)
  return { state: ended[0]?.to ?? state, attempt, ackDeadlineAt: null, ended }
}

const ending = (refusal: Refusal | null): Ending => ({
  ...{ outcome: 'rejected', error: NACK, head: refusal?.reason ?? null },
  ...{ retry: refusal?.retry ?? true, retryAfterMs: refusal?.retryAfterMs ?? null },
})

interface Locked {
  row: Late
  now: Date
  outcome: AttemptOutcome | null
  error: string | null
}

/** The execution, locked; what its attempt came to and the time are read after that, so that they are as of the lock. */
async function lock(client: PoolClient, executionId: string): Promise<Locked> {
  const { rows } = await client.query<Late>(`select ${LATE_COLUMNS} from executions e where e.id = $1 for update`, [
    executionId,
  ])
  const [row] = rows
  if (!row) throw executionNotFound(executionId)
  const { rows: facts } = await client.query<Omit<Locked, 'row'>>(
    `select date_trunc('milliseconds', clock_timestamp()) as now, a.outcome, a.error
     from (select) as one left join attempts a on a.execution_id = $1 and a.scheduled_for = $2 and a.attempt = $3`,
    [row.id, row.scheduledFor, row.attempt],
  )
  return { row, ...(facts[0] ?? { now: new Date(Number.NaN), outcome: null, error: null }) }
}

/** Returns until when there is time then. Before the 202 is written down there is nothing to move: the time begins with it. */
async function postpone(
  client: PoolClient,
  { id, scheduledFor, jobId, ...row }: Late,
  now: Date,
): Promise<Date | null> {
  if (!row.ackDeadlineAt || !row.claimedAt) return row.ackDeadlineAt
  const { rows } = await client.query<{ delivery: StoredDelivery | null }>('select delivery from jobs where id = $1', [
    jobId,
  ])
  // A job that no longer waits for its receivers gives no more time than there is.
  const wait = rows[0]?.delivery?.async
  if (!wait) return row.ackDeadlineAt
  const deadline = new Date(ackDeadline(now.getTime(), wait.timeoutSeconds, row.claimedAt.getTime()))
  await client.query('update executions set ack_deadline_at = $3 where id = $1 and scheduled_for = $2', [
    ...[id, scheduledFor],
    deadline,
  ])
  return deadline
}

const olderAttempt = (said: Signed, { attempt }: Late) =>
  new Problem(
    'older-attempt',
    `The execution is at attempt ${attempt} by now: what becomes of attempt ${said.attempt} does not count any more. Answer with the URLs of attempt ${attempt}.`,
  )

const expired = ({ id, state }: Late) =>
  new Problem(
    'acknowledgement-expired',
    `The time of this attempt is over, or it ended otherwise: the execution is ${state}. GET /executions/${id} says what became of it.`,
  )
