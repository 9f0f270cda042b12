import type { StoredDelivery } from '@scheduler/core/delivery'
import type { Pool } from '../client.ts'

/** How long a claimed notification is left to its worker, seconds: longer than an attempt takes, and its writing. */
const LEASE_SECONDS = 60

/** A notification whose next attempt is this worker's. */
export interface ClaimedNotification {
  id: string
  type: string
  jobId: string | null
  toInstance: boolean
  url: string
  destination: string
  body: string
  /** Counted from 1. */
  attempt: number
  /** Of the job whose secrets sign it. */
  delivery: StoredDelivery | null
}

/**
 * Claims up to `limit` notifications that are due, of each destination `mostOfEach` less those that `inFlight` counts, the
 * oldest first; of the destinations after `after` and up to `upTo`, in their order. Any number of callers may run at once;
 * a claim whose worker is lost is anyone's after a minute.
 *
 * It hops from destination to destination in `notifications_due_by_destination`: one that is dead has any number of them
 * due, and they must not be in the way of the others. It does not set out when nothing at all is due.
 */
export async function claimNotifications(
  pool: Pool,
  options: {
    limit: number
    mostOfEach: number
    inFlight: ReadonlyMap<string, number>
    after: string
    upTo: string | null
  },
): Promise<ClaimedNotification[]> {
  const { limit, mostOfEach, inFlight, after, upTo } = options
  const { rows } = await pool.query<ClaimedNotification>({
    name: 'claim-notifications',
    text: `
      with recursive hop as (
        (select destination, next_attempt_at as soonest from notifications
         where next_attempt_at is not null and destination > $6
           and (select next_attempt_at from notifications where next_attempt_at is not null
             order by next_attempt_at limit 1) <= now()
         order by destination, next_attempt_at limit 1)
        union all
        select next.destination, next.soonest from hop cross join lateral (
          select destination, next_attempt_at as soonest from notifications
          where next_attempt_at is not null and destination > hop.destination
            and ($7::text is null or destination <= $7)
          order by destination, next_attempt_at limit 1) as next),
      free as (
        select destination, $2 - coalesce((
          select f.n from unnest($3::text[], $4::int[]) as f(destination, n) where f.destination = hop.destination), 0) as n
        from hop where soonest <= now() and ($7::text is null or destination <= $7)),
      due as (
        select n.id from free cross join lateral (
          select id from notifications where destination = free.destination and next_attempt_at <= now()
          order by next_attempt_at limit greatest(free.n, 0) for update skip locked) as n
        limit $1),
      claimed as (
        update notifications n set attempt = n.attempt + 1, next_attempt_at = now() + make_interval(secs => $5)
        from due where n.id = due.id
        returning n.id, n.type, n.job_id, n.to_instance, n.url, n.destination, n.body, n.attempt)
      select c.id, c.type, c.job_id as "jobId", c.to_instance as "toInstance", c.url, c.destination, c.body, c.attempt,
        j.delivery
      from claimed c left join jobs j on j.id = c.job_id and not c.to_instance`,
    values: [limit, mostOfEach, [...inFlight.keys()], [...inFlight.values()], LEASE_SECONDS, after, upTo],
  })
  return rows
}

/** How an attempt of a notification ended. */
export interface NotificationOutcome {
  id: string
  attempt: number
  status: number | null
  error: string | null
  /** `again` after `againInMs`, without having counted (`uncounted`) when we broke it off ourselves. */
  end: 'delivered' | 'failed' | 'again' | 'uncounted'
  againInMs: number
}

/** Writes outcomes. A delivery counts whoever has it now; anything else only from the attempt that is the current one. */
export async function settleNotifications(pool: Pool, outcomes: NotificationOutcome[]): Promise<void> {
  if (outcomes.length === 0) return
  await pool.query({
    name: 'settle-notifications',
    text: `
      update notifications n set status = o.status, error = o.error,
        attempt = n.attempt - case when o.ended = 'uncounted' then 1 else 0 end,
        delivered_at = case when o.ended = 'delivered' then now() end,
        failed_at = case when o.ended = 'failed' then now() end,
        next_attempt_at = case when o.ended in ('again', 'uncounted') then now() + o.ms * interval '1 ms' end
      from unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::text[], $6::float8[])
        as o(id, attempt, status, error, ended, ms)
      where n.id = o.id and n.delivered_at is null
        and (o.ended = 'delivered' or n.attempt = o.attempt and n.next_attempt_at is not null)`,
    values: [
      outcomes.map((it) => it.id),
      outcomes.map((it) => it.attempt),
      outcomes.map((it) => it.status),
      outcomes.map((it) => it.error),
      outcomes.map((it) => it.end),
      outcomes.map((it) => it.againInMs),
    ],
  })
}
