import { type StoredDelivery, timeoutMsOf } from '@scheduler/core/delivery'
import type { PoolClient } from '../client.ts'
import type { Item } from '../queue.ts'
import { cancelledAs } from './cancelled-as.ts'
import { giveBackSlots, renewSlots } from './flow-slots.ts'
import type { Found } from './lock-executions.ts'
import { extendProbe } from './shared-circuits.ts'

/** An execution this worker has claimed: its next attempt is recorded as begun, and is to be sent. */
export interface Claim {
  item: Item
  executionId: string
  jobId: string
  jobVersion: number
  /** Whether its job has further occurrences, executions of which may wait for this one. */
  recurring: boolean
  scheduledFor: Date
  attempt: number
  callbackUrl: string
  /** The destination its place was taken for; that of the URL, but for an attempt in flight when the URL was edited. */
  destination: string
  payload: string
  /** How the request is made, where that differs from the default. */
  delivery: StoredDelivery | null
  /** Attempts before this one that have failed and count, and when the first of all began. */
  failures: number
  firstAttemptAt: Date
  /** When the job is due next; null when it is not. */
  nextRunAt: Date | null
  /** Whether it is sent to find out whether its destination, whose circuit is open, answers again. */
  isProbe: boolean
}

/** Keeps an execution out of the queue, without an attempt, until `at`. */
export interface Park {
  reason: 'circuit_open' | 'destination_busy'
  at: Date
}

/**
 * Records the start of an attempt, before its first byte. A job that was deleted or paused since is refused: the row of
 * an attempt that a dying worker left `running` can't be cancelled by the delete itself.
 */
export async function begin(client: PoolClient, send: Found[], workerId: string, now: Date): Promise<Claim[]> {
  if (send.length === 0) return []
  await recordAbandoned(client, send, now)
  const { rows } = await client.query<Omit<Claim, 'item' | 'isProbe'> & { itemId: string }>({
    name: 'begin-attempts',
    text: `
      update executions e
      -- By the clock, not from before the claim's locks: whoever deletes the job waits until this is so old that it was sent.
      set state = 'running', reason = null, attempt = e.attempt + 1, claimed_at = clock_timestamp(), claimed_by = $4,
        first_attempt_at = coalesce(e.first_attempt_at, $3::timestamptz), destination = j.destination
      from unnest($1::uuid[], $2::timestamptz[], $5::text[], $6::uuid[]) as i(id, scheduled_for, destination, job_id)
      -- Each job by its id, in an order that no other index has: joined, those who planned this while there were few would read
      -- all jobs, and the executions of each. What may be large is not carried along.
      cross join lateral (
        select version, type, status, paused_at, callback_url, destination, next_run_at from jobs
        where id >= i.job_id and id <= i.job_id and deleted_at is null order by id limit 1) as j
      where e.id = i.id and e.scheduled_for = i.scheduled_for and e.cancel_requested_at is null
        and (j.status <> 'paused' or coalesce(e.redriven_at, e.created_at) >= j.paused_at)
      returning e.item_id as "itemId", e.id as "executionId", e.job_id as "jobId", j.version as "jobVersion",
        j.type <> 'once' as recurring,
        e.scheduled_for as "scheduledFor", e.attempt, j.callback_url as "callbackUrl", i.destination,
        (select payload from jobs where id = e.job_id) as payload, (select delivery from jobs where id = e.job_id) as delivery,
        e.failures, e.first_attempt_at as "firstAttemptAt", j.next_run_at as "nextRunAt"`,
    values: [
      send.map((it) => it.id),
      send.map((it) => it.scheduled_for),
      now,
      workerId,
      send.map((it) => it.destination),
      send.map((it) => it.job_id),
    ],
  })
  const begun = new Map(rows.map((row) => [row.itemId, row]))
  const refused = send.filter(({ item }) => !begun.has(item.id))
  await cancelRefused(client, refused, now)
  const granted = send.flatMap(({ item, granted }) => (granted ? (begun.get(item.id) ?? []) : []))
  await renewSlots(
    client,
    granted.map((row) => ({ id: row.executionId, seconds: timeoutMsOf(row.delivery) / 1_000 })),
  )
  const claims = send.flatMap(({ item, circuit }) => {
    const row = begun.get(item.id)
    return row ? [{ ...row, item, isProbe: circuit?.isProbe ?? false }] : []
  })
  // In order of name, as reports lock them.
  const probes = claims.filter((it) => it.isProbe).sort((a, b) => (a.destination < b.destination ? -1 : 1))
  for (const it of probes) await extendProbe(client, it.destination, it.executionId, timeoutMsOf(it.delivery))
  return claims
}

/** Writes the attempt that a lost worker never settled: an execution that was still `running` when its item came back. */
export async function recordAbandoned(client: PoolClient, found: Found[], now: Date): Promise<void> {
  const lost = found.filter((it) => it.state === 'running' && it.claimed_at && it.claimed_by)
  if (lost.length === 0) return
  await client.query(
    `insert into attempts
       (execution_id, scheduled_for, attempt, outcome, started_at, finished_at, job_version, worker_id)
     select id, scheduled_for, attempt, 'abandoned', started_at, $4, job_version, worker_id
     from unnest($1::uuid[], $2::timestamptz[], $3::int[], $5::timestamptz[], $6::int[], $7::uuid[])
       as a(id, scheduled_for, attempt, started_at, job_version, worker_id)
     on conflict do nothing`,
    [
      lost.map((it) => it.id),
      lost.map((it) => it.scheduled_for),
      lost.map((it) => it.attempt),
      now,
      lost.map((it) => it.claimed_at),
      lost.map((it) => it.job_version),
      lost.map((it) => it.claimed_by),
    ],
  )
}

/**
 * Ends those that were to be cancelled while an attempt was in flight which is lost by now, and returns the others. They must not
 * be parked: they would be unfinished until their destination takes more.
 */
export async function endCancelled(client: PoolClient, found: Found[], now: Date): Promise<Found[]> {
  const cancelled = found.filter((it) => it.cancel_requested_at)
  await recordAbandoned(client, cancelled, now)
  await cancelRefused(client, cancelled, now)
  await giveBackSlots(
    client,
    cancelled.filter((it) => it.granted),
  )
  return found.filter((it) => !it.cancel_requested_at)
}

/** Ends executions that get no further attempt: their job was deleted or paused, a newer one took their place, or a person asked. */
async function cancelRefused(client: PoolClient, refused: Found[], now: Date): Promise<void> {
  if (refused.length === 0) return
  await client.query(
    `update executions e set state = 'cancelled', finished_at = $3,
       reason = case
         when not exists (select from jobs j where j.id = e.job_id and j.deleted_at is null) then 'deleted'::execution_reason
         when e.cancel_requested_at is not null then ${cancelledAs('e')}
         else 'paused'::execution_reason end
     from unnest($1::uuid[], $2::timestamptz[]) as r(id, scheduled_for)
     where e.id = r.id and e.scheduled_for = r.scheduled_for`,
    [refused.map((it) => it.id), refused.map((it) => it.scheduled_for), now],
  )
}
