import type { PoolClient } from '../client.ts'
import { notifyFlow } from '../notify.ts'
import type { Ended, Ending } from './end-late.ts'
import { giveBackSlots } from './flow-slots.ts'
import { hasSlot } from './limited-by.ts'

/** Writes what `endLate` has decided: the executions with their slots, then their attempts. */
export async function writeLate(client: PoolClient, ended: Ended[], ending: Ending, now: Date): Promise<void> {
  const granted = await writeExecutions(client, ended, now)
  await giveBackSlots(client, granted)
  // Unlike a settle, this may be no worker's doing: their keepers are told.
  if (granted.length > 0) await notifyFlow(client)
  await writeAttempts(client, ended, ending, now)
}

/** Returns those that had a slot of a limited flow. */
async function writeExecutions(client: PoolClient, ended: Ended[], now: Date): Promise<{ id: string }[]> {
  const { rows } = await client.query<{ id: string; granted: boolean }>({
    name: 'end-late',
    text: `
      update executions e
      set state = s.state, reason = s.reason, next_attempt_at = s.next_attempt_at, failures = s.failures,
        finished_at = case when s.state <> 'waiting' then $7::timestamptz end,
        dead_at = case when s.state = 'failed' then $7::timestamptz end, ack_deadline_at = null, behind = false
      from unnest($1::uuid[], $2::timestamptz[], $3::execution_state[], $4::execution_reason[], $5::timestamptz[],
        $6::int[]) as s(id, scheduled_for, state, reason, next_attempt_at, failures)
      where e.id = s.id and e.scheduled_for = s.scheduled_for
      returning e.id, ${hasSlot('e')} as granted`,
    values: [
      ended.map((it) => it.id),
      ended.map((it) => it.scheduledFor),
      ended.map((it) => it.to),
      ended.map((it) => it.reason),
      ended.map((it) => it.nextAttemptAt),
      ended.map((it) => it.failuresAfter),
      now,
    ],
  })
  return rows.filter((row) => row.granted)
}

/**
 * An attempt that was accepted has a row already, one in flight has none yet: its worker then adds status and timings to
 * this one (see `settle`).
 */
async function writeAttempts(client: PoolClient, ended: Ended[], ending: Ending, now: Date): Promise<void> {
  const known = ended.filter((it) => it.claimedAt && it.claimedBy)
  const { error, head } = ending.outcome === 'succeeded' ? { error: null, head: null } : ending
  await client.query({
    name: 'end-late-attempts',
    text: `
      insert into attempts (execution_id, scheduled_for, attempt, started_at, job_version, worker_id, outcome, error,
        response_head, finished_at)
      select a.*, $7::attempt_outcome, $8, $9, $10
      from unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::timestamptz[], $5::int[], $6::uuid[]) as a
      on conflict on constraint attempts_pkey do update
        set outcome = excluded.outcome, error = excluded.error, finished_at = excluded.finished_at,
          response_head = coalesce(excluded.response_head, attempts.response_head)
        where attempts.outcome in ('accepted', 'abandoned')`,
    values: [
      known.map((it) => it.id),
      known.map((it) => it.scheduledFor),
      known.map((it) => it.attempt),
      known.map((it) => it.claimedAt),
      known.map((it) => it.jobVersion),
      known.map((it) => it.claimedBy),
      ending.outcome,
      error,
      head,
      now,
    ],
  })
}
