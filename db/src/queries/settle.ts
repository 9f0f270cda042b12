import type { AttemptOutcome, ExecutionKind, ExecutionReason } from '@scheduler/core/execution'
import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { endItems, type Item } from '../queue.ts'
import { transaction } from '../transaction.ts'
import { cancelledAs } from './cancelled-as.ts'
import { executionFailed, executionSucceeded, type NewEvent, recordEvents } from './events.ts'
import { giveBackSlots } from './flow-slots.ts'
import { hasSlot } from './limited-by.ts'

/** How an attempt ended, and what becomes of its execution. */
export interface Settlement {
  item: Item
  executionId: string
  jobId: string
  /** Whether executions of the job may wait for this one. */
  recurring: boolean
  scheduledFor: Date
  attempt: number
  jobVersion: number
  outcome: AttemptOutcome
  status: number | null
  error: string | null
  responseHead: string | null
  timings: Timings | null
  startedAt: Date
  finishedAt: Date
  /** `waiting` with `nextAttemptAt` for another attempt; `running` with `ackDeadlineAt` when accepted; otherwise final. */
  state: 'succeeded' | 'failed' | 'waiting' | 'running'
  reason: ExecutionReason | null
  nextAttemptAt: Date | null
  /** Until when its receiver may say how its work ended. */
  ackDeadlineAt: Date | null
  /** Failed attempts of the execution that count, this one included. */
  failures: number
}

/** Where an attempt's time went, ms; null for what was not reached, or not needed on a kept connection. */
export interface Timings {
  dns: number | null
  connect: number | null
  tls: number | null
  firstByte: number | null
  total: number | null
}

/**
 * Writes outcomes, in one transaction: attempts, executions, and the end of their items. Safe to repeat when it is not
 * known whether it was committed. Returns the ids of executions that changed.
 *
 * A success is written whatever happened to the claim meanwhile, as long as the execution isn't final: the receiver has
 * it. Anything else counts only from the worker whose attempt is the current one; of an execution that was to be cancelled
 * meanwhile, it is the cancellation that is written. What the receiver itself has said of the attempt before it was settled
 * stands: no answer of the same attempt changes it.
 */
export async function settle(
  pool: Pool,
  boss: PgBoss,
  workerId: string,
  settlements: Settlement[],
): Promise<Set<string>> {
  if (settlements.length === 0) return new Set()
  // One order for all, so that two settles of the same executions can't block each other.
  const sorted = [...settlements].sort((a, b) => (a.executionId < b.executionId ? -1 : 1))
  return await transaction(pool, async (client) => {
    // Sent at once, carried out in this order.
    const [changed] = await Promise.all([
      updateExecutions(client, sorted),
      insertAttempts(client, workerId, sorted),
      endItems(
        boss,
        client,
        sorted.map((it) => it.item),
      ),
    ])
    await recordEvents(client, eventsOf(changed, sorted))
    return new Set(changed.map(({ id }) => id))
  })
}

/** An execution that a settle has changed. */
interface Changed {
  id: string
  state: Settlement['state'] | 'cancelled'
  kind: ExecutionKind
  attempt: number
  /** Whether it succeeded where others of its job have failed. */
  recovers: boolean
  /** Whether it had a slot of a limited flow. */
  granted: boolean
}

/** A failure for good is an event, and so is the success after it; nothing else is, so that a settle costs no more for it. */
function eventsOf(changed: Changed[], settlements: Settlement[]): NewEvent[] {
  const told = changed.filter(({ state, recovers }) => state === 'failed' || recovers)
  return told.flatMap(({ id, state, kind, attempt }) => {
    // A success counts from any attempt, a failure only from the current one.
    const isDeciding = (it: Settlement) => it.state === state && (state === 'succeeded' || it.attempt === attempt)
    const deciding = settlements.find((it) => it.executionId === id && isDeciding(it))
    if (!deciding) return []
    return [state === 'failed' ? executionFailed({ ...deciding, kind }) : executionSucceeded({ ...deciding, kind })]
  })
}

async function updateExecutions(client: PoolClient, settlements: Settlement[]): Promise<Changed[]> {
  const { rows } = await client.query<Changed>({
    name: 'settle-executions',
    text: `
      update executions e
      set state = case when e.cancel_requested_at is null or s.state = 'succeeded' then s.state else 'cancelled' end,
        reason = case when e.cancel_requested_at is null or s.state = 'succeeded' then s.reason else ${cancelledAs('e')} end,
        next_attempt_at = case when e.cancel_requested_at is null then s.next_attempt_at end,
        finished_at = case when e.cancel_requested_at is null and s.state in ('waiting', 'running') then null
          else s.finished_at end,
        ack_deadline_at = case when e.cancel_requested_at is null then s.ack_deadline_at end,
        dead_at = case when e.cancel_requested_at is null and s.state = 'failed' then s.finished_at end,
        failures = s.failures
      from (
        -- Two attempts of one execution may be settled together; an update would take either.
        select distinct on (id, scheduled_for) *
        from unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::execution_state[], $5::execution_reason[],
          $6::timestamptz[], $7::timestamptz[], $8::int[], $9::timestamptz[])
          as u(id, scheduled_for, attempt, state, reason, next_attempt_at, finished_at, failures, ack_deadline_at)
        order by id, scheduled_for, state = 'succeeded' desc, attempt desc) as s
      where e.id = s.id and e.scheduled_for = s.scheduled_for
        and case when s.state = 'succeeded' then e.finished_at is null
            -- One more failure than there were before the attempt: its receiver has said meanwhile that its work failed.
            and not (e.attempt = s.attempt and e.failures > s.failures)
          else e.state = 'running' and e.attempt = s.attempt and e.ack_deadline_at is null end
      -- Without a lock: a failure that is not counted yet finds this success in the ledger. Of an EXISTS the planner may read all jobs.
      returning e.id, e.state, e.kind, e.attempt, e.state = 'succeeded'
        and coalesce((select j.failed_in_row > 0 from jobs j where j.id = e.job_id), false) as recovers,
        ${hasSlot('e')} as granted`,
    values: [
      settlements.map((it) => it.executionId),
      settlements.map((it) => it.scheduledFor),
      settlements.map((it) => it.attempt),
      settlements.map((it) => it.state),
      settlements.map((it) => it.reason),
      settlements.map((it) => it.nextAttemptAt),
      settlements.map((it) => it.finishedAt),
      settlements.map((it) => it.failures),
      settlements.map((it) => it.ackDeadlineAt),
    ],
  })
  await giveBackSlots(
    client,
    rows.filter((row) => row.granted),
  )
  return rows
}

async function insertAttempts(client: PoolClient, workerId: string, settlements: Settlement[]): Promise<void> {
  await client.query({
    name: 'insert-attempts',
    text: `
      insert into attempts (execution_id, scheduled_for, attempt, outcome, status, error, response_head, started_at,
        finished_at, job_version, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, worker_id)
      select a.*, $11::uuid from unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::attempt_outcome[],
        $5::smallint[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::int[],
        $12::int[], $13::int[], $14::int[], $15::int[], $16::int[]) as a
      on conflict on constraint attempts_pkey do update
        set outcome = case when attempts.outcome = 'abandoned' then excluded.outcome else attempts.outcome end,
          error = case when attempts.outcome = 'abandoned' then excluded.error else attempts.error end,
          response_head = coalesce(attempts.response_head, excluded.response_head),
          finished_at = case when attempts.outcome = 'abandoned' then excluded.finished_at else attempts.finished_at end,
          status = excluded.status, job_version = excluded.job_version, dns_ms = excluded.dns_ms,
          connect_ms = excluded.connect_ms, tls_ms = excluded.tls_ms, first_byte_ms = excluded.first_byte_ms,
          total_ms = excluded.total_ms
        -- Another worker wrote it off, and this one knows; or its receiver has said how it ended, and the rest is told here.
        where attempts.worker_id = excluded.worker_id and (attempts.outcome = 'abandoned'
          or (attempts.outcome in ('succeeded', 'rejected') and attempts.status is null and attempts.total_ms is null))`,
    values: [
      settlements.map((it) => it.executionId),
      settlements.map((it) => it.scheduledFor),
      settlements.map((it) => it.attempt),
      settlements.map((it) => it.outcome),
      settlements.map((it) => it.status),
      settlements.map((it) => it.error),
      settlements.map((it) => it.responseHead),
      settlements.map((it) => it.startedAt),
      settlements.map((it) => it.finishedAt),
      settlements.map((it) => it.jobVersion),
      workerId,
      ...(['dns', 'connect', 'tls', 'firstByte', 'total'] as const).map((part) =>
        settlements.map((it) => it.timings?.[part] ?? null),
      ),
    ],
  })
}
