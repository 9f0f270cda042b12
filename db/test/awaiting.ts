import type { ReceiverAction } from '@scheduler/core/receiver-url'
import type { Pool } from '../src/client.ts'
import { acknowledge, type Refusal } from '../src/queries/acknowledge.ts'
import type { Claim } from '../src/queries/begin-attempts.ts'
import { settle } from '../src/queries/settle.ts'
import type { Boss } from '../src/queue.ts'
import type { JobRow } from '../src/schema/index.ts'
import { ago, ahead } from './factories.ts'
import { outcomeOf, queueUp, worker } from './queue.ts'

/** What a 202 makes of an attempt whose receiver may take its time. */
export const accepted = {
  outcome: 'accepted',
  status: 202,
  state: 'running',
  reason: 'awaiting_ack',
  ackDeadlineAt: ahead(300),
} as const

/** An execution in flight, of a job whose receivers may take five minutes; and the worker that has it. */
export async function inFlight(pool: Pool, boss: Boss, fields: Partial<JobRow> = {}) {
  const job = await queueUp(pool, boss, { delivery: { async: { timeoutSeconds: 300 } }, ...fields })
  const me = worker(pool, boss)
  const [claim] = (await me.claim()).claims
  if (!claim) throw new Error('nothing was claimed')
  const settleAs = (fields: Partial<Parameters<typeof outcomeOf>[1]>) =>
    settle(pool, boss, me.workerId, [outcomeOf(claim as Claim, fields)])
  return { job, me, claim, settleAs, say: sayer(pool, claim) }
}

/** The same, once its receiver has answered 202; its time is over at `ackDeadlineAt`. */
export async function awaiting(pool: Pool, boss: Boss, fields: Partial<JobRow> = {}, ackDeadlineAt = ahead(300)) {
  const it = await inFlight(pool, boss, fields)
  await it.settleAs({ ...accepted, ackDeadlineAt, startedAt: ago(1), finishedAt: ago(0.5) })
  return it
}

/** Says something of an attempt, that of the claim unless told otherwise; returns `ok`, or the code of the problem. */
export function sayer(pool: Pool, { executionId, attempt }: Pick<Claim, 'executionId' | 'attempt'>) {
  return async (action: ReceiverAction, refusal: Partial<Refusal> = {}, of = attempt): Promise<string> => {
    const full = { retry: true, retryAfterMs: null, reason: null, ...refusal }
    return await acknowledge(pool, { action, executionId, attempt: of }, action === 'nack' ? full : null).then(
      () => 'ok',
      (problem: { code?: string }) => {
        if (!problem.code) throw problem
        return problem.code
      },
    )
  }
}

export async function attemptRows(pool: Pool) {
  const { rows } = await pool.query(
    'select attempt, outcome, status, error, response_head as head, total_ms as "totalMs" from attempts order by attempt',
  )
  return rows
}
