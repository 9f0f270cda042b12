import type { PgBoss } from 'pg-boss'
import type { PoolClient } from '../client.ts'
import { notifyDue, notifyWork } from '../notify.ts'
import { enqueue, newItemId } from '../queue.ts'
import type { ExecutionRow } from '../schema/executions.ts'
import type { JobRow } from '../schema/jobs.ts'
import { jobStates } from './job-states.ts'
import { FAR } from './ledger-rows.ts'
import { DEFAULT_RATE } from './send-at-rate.ts'

/** A dead letter, and its job, both locked. */
export type Dead = Pick<ExecutionRow, 'id' | 'scheduledFor' | 'jobId' | 'kind'>
export type DeadJob = Pick<JobRow, 'id' | 'type' | 'runs' | 'policies' | 'destination' | 'flowKey'>

/** When a dead letter goes out again. */
export interface Turn {
  dead: Dead
  job: DeadJob
  at: Date
  behind: boolean
  /** Whether it waits for executions that were unfinished before, and may end at any time. */
  blocked: boolean
}

/**
 * When each goes out: the oldest occurrence now, the others at the rate. Unless its job's `overlap` is `allow`, one waits
 * until the job's executions before it are finished, as after a resume; one that was run by hand waits for none.
 */
export async function takeTurns(
  client: PoolClient,
  dead: Dead[],
  byId: Map<string, DeadJob>,
  now: Date,
  perSecond = DEFAULT_RATE,
): Promise<Turn[]> {
  const stateOf = await jobStates(client, [...byId.values()])
  const blocked = new Set(
    [...byId.values()].filter((job) => stateOf(job).live + stateOf(job).behind > 0).map((it) => it.id),
  )
  const busy = new Set(blocked)
  const inOrder = [...dead].sort(
    (a, b) => a.scheduledFor.getTime() - b.scheduledFor.getTime() || (a.id < b.id ? -1 : 1),
  )
  return inOrder.flatMap((it, i) => {
    const job = byId.get(it.jobId)
    if (!job) return []
    const takesTurns = job.type !== 'once' && job.policies?.overlap !== 'allow' && it.kind !== 'manual'
    const behind = takesTurns && busy.has(job.id)
    if (takesTurns) busy.add(job.id)
    return [
      {
        dead: it,
        job,
        at: new Date(now.getTime() + Math.round((i * 1_000) / perSecond)),
        behind,
        blocked: behind && blocked.has(job.id),
      },
    ]
  })
}

/** The first is queued, the others wait for their turn. */
export async function release(client: PoolClient, boss: PgBoss, turns: Turn[], now: Date): Promise<void> {
  if (turns.length === 0) return
  const rows = turns.map((turn) => {
    const isNow = turn.at <= now && !turn.behind
    return { ...turn, itemId: isNow ? newItemId() : null, next: isNow ? null : turn.behind ? FAR : turn.at }
  })
  await client.query(
    `update executions e
     set state = case when r.item_id is null then 'waiting'::execution_state else 'queued' end,
       reason = case when r.behind then 'overlap_queued'::execution_reason end,
       item_id = r.item_id, next_attempt_at = r.next, behind = r.behind,
       effective_at = case when r.at > $7 then r.at else e.effective_at end,
       finished_at = null, dead_at = null, redriven_at = $7, failures = 0, first_attempt_at = null,
       cancel_requested_at = null, destination = r.destination, flow_key = r.flow_key
     from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::timestamptz[], $5::boolean[], $6::timestamptz[],
       $8::text[], $9::text[]) as r(id, scheduled_for, item_id, next, behind, at, destination, flow_key)
     where e.id = r.id and e.scheduled_for = r.scheduled_for`,
    [
      rows.map(({ dead }) => dead.id),
      rows.map(({ dead }) => dead.scheduledFor),
      rows.map(({ itemId }) => itemId),
      rows.map(({ next }) => next),
      rows.map(({ behind }) => behind),
      rows.map(({ at }) => at),
      now,
      rows.map(({ job }) => job.destination),
      rows.map(({ job }) => job.flowKey),
    ],
  )
  const queued = rows.flatMap(({ dead, itemId }) =>
    itemId ? [{ id: itemId, data: { e: dead.id, s: dead.scheduledFor.getTime() } }] : [],
  )
  await enqueue(boss, client, queued)
  if (queued.length > 0) await notifyWork(client)
  await notifyDue(client, now, now)
}
