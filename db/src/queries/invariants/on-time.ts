import { IS_WAITING } from '../../schema/executions.ts'
import { bySql, type Invariant, iso } from './invariant.ts'

/** How long what is due may lie before somebody should know: many times what it ever takes, seconds. */
const LATE_SECONDS = 60

const late = (column: string) => `${column} < now() - interval '${LATE_SECONDS} seconds'`

const WORKERS_NEXT =
  'See that workers run and keep up: GET /health, and their log lines "… failed, trying again". More workers, or a database that is less busy, if they can\'t.'

/** Each is one descent of an index: what is due for longest comes first. */
export const onTime: Invariant[] = [
  {
    name: 'jobs dispatched',
    holds: 'What is due is dispatched within a minute.',
    ...{ level: 'fail', cost: 'little', next: WORKERS_NEXT },
    find: bySql(
      `select id::text as of, format('job %s is due since %s', id, ${iso('next_run_at')}) as what
       from jobs where next_run_at is not null and ${late('next_run_at')} order by next_run_at limit $1`,
    ),
  },
  {
    name: 'waiting dispatched',
    holds: 'An execution that waits for its next attempt is in the queue within a minute of its time.',
    ...{ level: 'fail', cost: 'little', next: WORKERS_NEXT },
    find: bySql(
      `select id::text as of,
         format('execution %s of job %s waits though its attempt is due since %s', id, job_id, ${iso('next_attempt_at')}) as what
       from executions where next_attempt_at is not null and ${IS_WAITING} and ${late('next_attempt_at')}
       order by next_attempt_at limit $1`,
    ),
  },
  {
    name: 'acknowledgements ended',
    holds: 'An attempt that nobody acknowledged in time has ended within a minute.',
    ...{ level: 'fail', cost: 'little', next: WORKERS_NEXT },
    find: bySql(
      `select id::text as of,
         format('execution %s of job %s awaits an acknowledgement that was due at %s', id, job_id, ${iso('ack_deadline_at')}) as what
       from executions where ack_deadline_at is not null and ${late('ack_deadline_at')} order by ack_deadline_at limit $1`,
    ),
  },
  {
    name: 'pauses ended',
    holds: 'A pause that ends by itself has ended within a minute of its time.',
    level: 'fail',
    cost: 'little',
    next: 'The workers\' log says why ("job not resumed"); POST /jobs/{id}/resume does it by hand.',
    find: bySql(
      `select id::text as of, format('job %s is paused though its pause ended at %s', id, ${iso('paused_until')}) as what
       from jobs where paused_until is not null and ${late('paused_until')} order by paused_until limit $1`,
    ),
  },
  {
    name: 'turns come',
    holds: 'An execution that waits for those of its job before it has its turn once they are finished.',
    ...{ level: 'fail', cost: 'little', next: 'The leader lets it go: see that one worker logs "leads now".' },
    // Of those before it the latest twenty: one that is finished only now is about to give the turn away.
    find: bySql(
      `select e.id::text as of, format('execution %s of job %s is next, and nothing before it is unfinished', e.id, e.job_id) as what
       from executions e
       where e.behind and coalesce(e.finished_at, 'infinity') = 'infinity' and ${late('e.created_at')}
         and (select true from executions l where l.job_id = e.job_id and l.finished_at is null and not l.behind limit 1) is null
         and coalesce((select ${late('max(p.finished_at)')} from (
           select p.finished_at from executions p where p.job_id = e.job_id and p.scheduled_for <= e.scheduled_for
           order by p.scheduled_for desc limit 20) as p), true)
       limit $1`,
    ),
  },
  {
    name: 'events handled',
    holds: 'What happened is acted on within a minute: failures counted, jobs paused, notifications written.',
    level: 'warn',
    cost: 'little',
    next: 'See the workers\' log for "handling events failed" and "events left". Callbacks go on meanwhile.',
    find: bySql(
      `select id::text as of, format('an event %s of %s waits to be dealt with', type, ${iso('at')}) as what
       from (select id, type, at from events order by id limit $1) as oldest where ${late('at')}`,
    ),
  },
  {
    name: 'notifications attempted',
    holds: 'A notification is attempted within a few minutes of its time.',
    level: 'warn',
    cost: 'little',
    next: 'See the workers\' log for "notifying failed". With many destinations that hang, they wait for their turn.',
    find: bySql(
      `select id::text as of, format('notification %s (%s) is due since %s', id, type, ${iso('next_attempt_at')}) as what
       from notifications where next_attempt_at is not null and next_attempt_at < now() - interval '5 minutes'
       order by next_attempt_at limit $1`,
    ),
  },
]
