import type { PoolClient } from '../client.ts'
import { IS_WAITING } from '../schema/executions.ts'
import { FAR } from './ledger-rows.ts'
import { limitedBy } from './limited-by.ts'

/** An execution that is `queued` now, `parked` for the limit of a flow, or `cancelled`. */
export interface ReleasedDue {
  id: string
  scheduled_for: Date
  item_id: string
  state: string
}

const lockSql = `
  select id, scheduled_for from executions
  where next_attempt_at <= now() and ${IS_WAITING}
  order by next_attempt_at limit $1 for update skip locked`

const releaseSql = `
  with turn as (
    select e.id, e.scheduled_for, j.deleted_at is not null as gone,
      case when j.id is null then e.destination else j.destination end as destination,
      case when j.id is null then e.flow_key else j.flow_key end as flow_key
    from unnest($1::uuid[], $2::timestamptz[]) as i(id, scheduled_for)
    join executions e on e.id = i.id and e.scheduled_for = i.scheduled_for
    left join jobs j on j.id = e.job_id),
  held as (select t.*, case when not gone then ${limitedBy('t')} end as limited from turn t)
  update executions e set destination = held.destination, flow_key = held.flow_key,
    state = case when gone then 'cancelled'::execution_state when limited is null then 'queued' else 'parked' end,
    reason = case when gone then 'deleted' else limited end,
    finished_at = case when gone then now() end,
    next_attempt_at = case when limited is not null then '${FAR.toISOString()}'::timestamptz end,
    item_id = case when gone or limited is not null then e.item_id else gen_random_uuid() end
  from held where e.id = held.id and e.scheduled_for = held.scheduled_for
  returning e.id, e.scheduled_for, e.item_id, e.state::text`

/**
 * Lets up to `limit` waiting executions go whose time has come, soonest first, where their jobs are now: an attempt that was
 * in flight while its job was edited or deleted leaves its execution as the job was before. Those of a deleted job are
 * cancelled here: a limit might keep them from the claim, which would do it, for as long as it lasts.
 *
 * They are locked first, and their jobs read after, in a statement of its own: of an edit that comes between the two, the
 * executions would be seen as it left them and the jobs as they were before.
 */
export async function releaseDue(client: PoolClient, limit: number): Promise<ReleasedDue[]> {
  const { rows: due } = await client.query<Pick<ReleasedDue, 'id' | 'scheduled_for'>>({
    name: 'lock-held',
    text: lockSql,
    values: [limit],
  })
  if (due.length === 0) return []
  const { rows } = await client.query<ReleasedDue>({
    name: 'dispatch-held',
    text: releaseSql,
    values: [due.map(({ id }) => id), due.map((it) => it.scheduled_for)],
  })
  return rows
}
