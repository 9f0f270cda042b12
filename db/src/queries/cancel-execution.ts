import { setTimeout as wait } from 'node:timers/promises'
import { type ExecutionState, finalStates } from '@scheduler/core/execution'
import { Problem } from '@scheduler/core/problem'
import { createDb, type Pool, type PoolClient } from '../client.ts'
import { notifyCancel, notifyFlow } from '../notify.ts'
import { transaction } from '../transaction.ts'
import { BY_HAND } from './cancelled-as.ts'
import { SENDING_MS } from './change-job.ts'
import { executionNotFound, type FullExecution, getExecution } from './executions.ts'
import { giveBackSlots } from './flow-slots.ts'
import { hasSlot } from './limited-by.ts'
import { promote } from './promote.ts'

/**
 * Cancels one execution for a person: at once, or, where its attempt is in flight, by way of the worker that has it, which is told
 * to break it off. A success of that attempt still counts. One that is cancelled, whatever for, is left as it is.
 *
 * The job's row is locked first, as every change of a job does. Returns only once an attempt that was claimed before is on the wire
 * or broken off, so that none begins after the answer. Given a client in a transaction it becomes a part of that, and waits for
 * nothing.
 *
 * @throws Problem `execution-not-found`, `execution-finished`
 */
export async function cancelExecution(on: Pool | PoolClient, id: string): Promise<FullExecution> {
  const { jobId, sendingMs } = await transaction(on, (client) => cancel(client, id))
  if (!('release' in on)) {
    if (sendingMs > 0) await wait(sendingMs)
    // It is cancelled: what fails here is left to the leader.
    await promote(on, [jobId]).catch(() => 0)
  }
  return await getExecution(createDb(on), id)
}

type Key = { id: string; scheduledFor: Date; jobId: string }
type Locked = { state: ExecutionState; isFlying: boolean; isDead: boolean }

/** Returns how long its attempt's request may not be on the wire yet. */
async function cancel(client: PoolClient, id: string): Promise<{ jobId: string; sendingMs: number }> {
  const { rows: keys } = await client.query<Key>(
    'select id, scheduled_for as "scheduledFor", job_id as "jobId" from executions where id = $1',
    [id],
  )
  const [key] = keys
  if (!key) throw executionNotFound(id)
  const { jobId } = key
  // Also that of a deleted job: an attempt of it may be in flight.
  await client.query('select from jobs where id = $1 for update', [jobId])
  const { rows } = await client.query<Locked>(
    `select state, state = 'running' and ack_deadline_at is null as "isFlying", dead_at is not null as "isDead"
     from executions where id = $1 and scheduled_for = $2 for update`,
    [id, key.scheduledFor],
  )
  const [locked] = rows
  if (!locked) throw executionNotFound(id)
  if (locked.isFlying) return { jobId, sendingMs: await breakOff(client, key) }
  if (locked.state === 'cancelled') return { jobId, sendingMs: 0 }
  if ((finalStates as readonly ExecutionState[]).includes(locked.state)) throw executionFinished(id, locked)
  await end(client, key)
  return { jobId, sendingMs: 0 }
}

/** Told again of one whose attempt was to be broken off already: the first word may have been lost. */
async function breakOff(client: PoolClient, { id, scheduledFor }: Key): Promise<number> {
  const { rows } = await client.query<{ age: number | null }>(
    `update executions set reason = $3,
       cancel_requested_at = coalesce(cancel_requested_at, date_trunc('milliseconds', clock_timestamp()))
     where id = $1 and scheduled_for = $2
     returning extract(epoch from clock_timestamp() - claimed_at)::float8 * 1000 as age`,
    [id, scheduledFor, BY_HAND],
  )
  await notifyCancel(client, id)
  const age = rows[0]?.age ?? SENDING_MS
  return age < SENDING_MS ? SENDING_MS - Math.max(0, age) : 0
}

/** Ends one that is not in flight; one that its receiver has accepted is not in flight any more. */
async function end(client: PoolClient, { id, scheduledFor }: Key): Promise<void> {
  const { rows } = await client.query<{ granted: boolean }>(
    `update executions e set state = 'cancelled', reason = $3,
       finished_at = date_trunc('milliseconds', clock_timestamp()), next_attempt_at = null, ack_deadline_at = null, behind = false
     where id = $1 and scheduled_for = $2 returning ${hasSlot('e')} as granted`,
    [id, scheduledFor, BY_HAND],
  )
  if (!rows[0]?.granted) return
  await giveBackSlots(client, [{ id }])
  // No settle tells their keepers.
  await notifyFlow(client)
}

function executionFinished(id: string, { state, isDead }: Locked): Problem {
  const next = isDead
    ? `DELETE /dead-letters/${id} puts it away.`
    : `GET /executions/${id}/explain says what became of it.`
  return new Problem(
    'execution-finished',
    `The execution ${JSON.stringify(id)} is finished: it is ${state}, and there is nothing left to cancel. ${next}`,
  )
}
