import type { PoolClient } from '../client.ts'

/** How long a slot outlasts what it was granted for, should nobody give it back, seconds. */
export const SPARE_SECONDS = 60

/** How long an execution that was granted its slots may be on its way through the queue, seconds. */
export const ON_ITS_WAY_SECONDS = 300

/** Keeps the slots of attempts that begin now for as long as these may take. */
export async function renewSlots(client: PoolClient, begun: { id: string; seconds: number }[]): Promise<void> {
  if (begun.length === 0) return
  await client.query({
    name: 'renew-slots',
    text: `
      update flow_slots s set until = now() + make_interval(secs => b.seconds + $3::int)
      from unnest($1::uuid[], $2::double precision[]) as b(id, seconds) where s.execution_id = b.id`,
    values: [begun.map((it) => it.id), begun.map((it) => it.seconds), SPARE_SECONDS],
  })
}

/**
 * Gives back the slots of executions of the caller's transaction that are neither in flight nor on their way: one whose
 * receiver has yet to say how its work ended keeps them.
 */
export async function giveBackSlots(client: PoolClient, executions: { id: string }[]): Promise<void> {
  if (executions.length === 0) return
  await client.query({
    name: 'give-back-slots',
    text: `
      delete from flow_slots s using unnest($1::uuid[]) as i(id)
      where s.execution_id = i.id and not exists (
        select from executions e where e.id = i.id and e.state in ('queued', 'running'))`,
    values: [executions.map((it) => it.id)],
  })
}

/**
 * Takes back slots that have lapsed, and those of executions that ended without their receiver's answer or word: cancelled,
 * say. The slots of one that awaits its acknowledgement last as long as that may take.
 */
export async function sweepSlots(client: PoolClient): Promise<void> {
  await client.query({
    name: 'extend-slots',
    text: `
      update flow_slots s set until = e.ack_deadline_at + make_interval(secs => $1)
      from (select execution_id, kind from flow_slots where until < now() + interval '30 seconds' for update skip locked) as f
      join executions e on e.id = f.execution_id and e.ack_deadline_at > now()
      where s.execution_id = f.execution_id and s.kind = f.kind`,
    values: [SPARE_SECONDS],
  })
  await client.query({
    name: 'sweep-slots',
    text: `
      with gone as (
        select execution_id, kind from flow_slots s
        where until < now() or not exists (
          select from executions e where e.id = s.execution_id and e.state in ('queued', 'running'))
        for update skip locked)
      delete from flow_slots s using gone where s.execution_id = gone.execution_id and s.kind = gone.kind`,
  })
}
