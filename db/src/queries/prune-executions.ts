import type { Pool } from '../client.ts'
import type { Partition } from './ledger-partitions.ts'

/** Where a walk of executions by time has come to. */
export interface Place {
  scheduledFor: string
  id: string
}

const START: Place = { scheduledFor: '-infinity', id: '00000000-0000-0000-0000-000000000000' }

/** Where executions are deleted: from the whole ledger, or from one of its partitions. */
type Ledger = Pick<Partition, 'executions' | 'attempts'>

export const WHOLE_LEDGER: Ledger = { executions: 'executions', attempts: 'attempts' }

/** What goes with an execution, once it is `gone`. */
export const deletion = ({ executions, attempts }: Ledger) => `
  attempts_gone as (
    delete from ${attempts} a using gone where a.execution_id = gone.id and a.scheduled_for = gone.scheduled_for),
  deleted as (
    delete from ${executions} e using gone where e.id = gone.id and e.scheduled_for = gone.scheduled_for returning e.id)`

/**
 * Looks at `limit` executions of a partition by their time, from `after` on, and deletes those that finished more than `days`
 * ago and are no dead letters. Returns from where to go on; null at the end. Dead letters stay longer than the rest: there may
 * be any number of them, and each run passes each of them once.
 */
export async function pruneFinished(
  pool: Pool,
  partition: Ledger,
  days: number,
  limit: number,
  after: Place | null,
): Promise<{ count: number; next: Place | null }> {
  const { scheduledFor, id } = after ?? START
  const { rows } = await pool.query<{ count: number; seen: number } & Place>(
    // finished_at decides; scheduled_for bounds the walk of executions_by_time.
    `with seen as (
       select id, scheduled_for, finished_at, dead_at from ${partition.executions}
       where scheduled_for < now() - make_interval(days => $1) and (scheduled_for, id) > ($3::timestamptz, $4::uuid)
       order by scheduled_for, id limit $2),
     gone as (
       select e.id, e.scheduled_for from seen join ${partition.executions} e on e.id = seen.id and e.scheduled_for = seen.scheduled_for
       where seen.finished_at < now() - make_interval(days => $1) and seen.dead_at is null
         and e.finished_at < now() - make_interval(days => $1) and e.dead_at is null
       for update of e skip locked),
     ${deletion(partition)}
     select id, scheduled_for::text as "scheduledFor", (select count(*)::int from deleted) as count,
       (select count(*)::int from seen) as seen
     from seen order by scheduled_for desc, id desc limit 1`,
    [days, limit, scheduledFor, id],
  )
  const [last] = rows
  if (!last) return { count: 0, next: null }
  const { count, seen, ...next } = last
  return { count, next: seen < limit ? null : { scheduledFor: next.scheduledFor, id: next.id } }
}

/** Deletes up to `limit` dead letters that failed more than `days` ago, the oldest first. Returns how many. */
export async function pruneDead(pool: Pool, days: number, limit: number): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `with gone as (
       select id, scheduled_for from executions where dead_at < now() - make_interval(days => $1)
       order by dead_at, id limit $2 for update skip locked),
     ${deletion(WHOLE_LEDGER)}
     select count(*)::int as count from deleted`,
    [days, limit],
  )
  return rows[0]?.count ?? 0
}
