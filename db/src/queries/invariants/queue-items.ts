import { DELIVERY_QUEUE } from '../../queue-options.ts'
import { HAS_NO_ITEM } from '../requeue-lost.ts'
import { WORKER_ALIVE_SECONDS } from '../workers.ts'
import { bySql, type Invariant, iso } from './invariant.ts'

const OURS = `j.name = '${DELIVERY_QUEUE}'`

/** The id that an item says; null where it says none, since anyone may put anything into a queue. */
const ID = `case when j.data ->> 'e' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (j.data ->> 'e')::uuid end`

/** The execution of that id, in an order that no other index has: else the planner may read all that is unfinished for each. */
const EXECUTION = `lateral (
  select * from executions x where x.id >= ${ID} and x.id <= ${ID} order by x.id limit 1) as e`

const LEADER_NEXT =
  'The leader does it: see that one worker logs "leads now", and none "supervising failed". pnpm run doctor --repair does it at once.'

/** What holds of the items alone. */
export const queueItems: Invariant[] = [
  {
    name: 'lost items given back',
    holds: 'An item whose worker is lost is given to others within half a minute.',
    ...{ level: 'fail', cost: 'little', next: LEADER_NEXT },
    find: bySql(
      `select j.id::text as of, format('the item of execution %s is held, and not renewed since %s', j.data ->> 'e',
         coalesce(${iso('j.heartbeat_on')}, 'it was claimed')) as what
       from pgboss.job j where ${OURS} and j.state = 'active'
         and coalesce(j.heartbeat_on, j.started_on, j.created_on) + coalesce(j.heartbeat_seconds, 0) * interval '1 second' < now() - interval '30 seconds'
       limit $1`,
    ),
  },
  {
    name: 'failed items dealt with',
    holds: 'An item that pg-boss counts as failed is dealt with within two minutes.',
    ...{ level: 'fail', cost: 'little', next: LEADER_NEXT },
    find: bySql(
      `select j.id::text as of, format('the item of execution %s has failed in the queue', j.data ->> 'e') as what
       from pgboss.job j where ${OURS} and j.state = 'failed'
         and coalesce(j.completed_on, j.started_on, j.created_on) < now() - interval '2 minutes'
       limit $1`,
    ),
  },
  {
    name: 'items claimed',
    holds: 'What is in the queue is claimed within a minute.',
    level: 'warn',
    cost: 'little',
    next: 'More is due than the workers have places for: more workers, or a higher WORKER_CONCURRENCY.',
    find: bySql(
      `select id::text as of, format('the item of execution %s waits since %s', e, ${iso('since')}) as what
       from (select j.id, j.data ->> 'e' as e, greatest(j.created_on, j.start_after) as since from pgboss.job j
         where ${OURS} and j.state < 'active' and not j.blocked order by j.priority desc, j.created_on limit $1) as oldest
       where since < now() - interval '60 seconds'`,
    ),
  },
  {
    name: 'nothing deferred in the queue',
    holds: 'Whatever is in the queue can be claimed now.',
    level: 'fail',
    cost: 'much',
    next: `Somebody has changed it by hand: update pgboss.job set start_after = now(), blocked = false where name = '${DELIVERY_QUEUE}' and state < 'active'.`,
    find: bySql(
      `select j.id::text as of, format('the item of execution %s can be claimed from %s on, and %s', j.data ->> 'e',
         ${iso('j.start_after')}, case when j.blocked then 'is blocked' else 'not before' end) as what
       from pgboss.job j where ${OURS} and j.state < 'active'
         and (j.blocked or j.start_after > now() + interval '60 seconds')
       limit $1`,
    ),
  },
]

/** What holds between the items and the ledger. Each compares the two in one snapshot. */
export const itemsAndLedger: Invariant[] = [
  {
    name: 'unfinished on its way',
    holds: 'Each execution that is queued or running has an item in the queue, or awaits an acknowledgement.',
    level: 'fail',
    cost: 'much',
    next: 'Its callback is late, not lost: the leader queues it again within 30 seconds. If it stays, pnpm run doctor --repair does it now.',
    find: bySql(
      `select e.id::text as of, format('execution %s of job %s is %s, and its item is %s', e.id, e.job_id, e.state, coalesce(
         (select j.state::text from pgboss.job j where ${OURS} and j.id = e.item_id), 'gone')) as what
       from executions e where ${HAS_NO_ITEM} limit $1`,
    ),
  },
  {
    name: 'items have executions',
    holds: 'Each item in the queue belongs to an execution that is unfinished.',
    level: 'warn',
    cost: 'much',
    next: 'Nothing is sent for it: whoever claims it ends it. If it stays, no worker claims.',
    find: bySql(
      `select j.id::text as of, format('the item is of execution %s, which has no use for it', j.data ->> 'e') as what
       from pgboss.job j left join ${EXECUTION} on true
       where ${OURS} and j.state < 'active' and j.created_on < now() - interval '5 minutes'
         and (e.item_id is distinct from j.id or e.finished_at is not null)
       limit $1`,
    ),
  },
  {
    name: 'attempts in living hands',
    holds: 'An attempt in flight is had by a worker that beats.',
    level: 'warn',
    cost: 'much',
    next: 'Its item is renewed, so somebody has it: see what that process is at, and end it if it does nothing. Its attempts are made again by others.',
    find: bySql(
      `select e.id::text as of, format('execution %s of job %s is had by worker %s, which beat last %s', e.id, e.job_id,
         e.claimed_by, coalesce('at ' || ${iso('w.heartbeat_at')}, 'nobody knows when')) as what
       from pgboss.job j cross join ${EXECUTION} left join workers w on w.id = e.claimed_by
       where ${OURS} and j.state = 'active' and e.item_id = j.id and e.state = 'running' and e.claimed_at < now() - interval '60 seconds'
         and j.heartbeat_on > now() - interval '10 seconds'
         and (w.id is null or w.heartbeat_at < now() - interval '${4 * WORKER_ALIVE_SECONDS} seconds')
       limit $1`,
    ),
  },
]
