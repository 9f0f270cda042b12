import { IS_WAITING } from '../../schema/executions.ts'
import { bySql, type Invariant } from './invariant.ts'

/** How many of the latest rows are looked at. */
const LATEST = 10_000

/** Attempts of the latest executions, all of which are settled by now: none lasts longer than a quarter of an hour. */
const SETTLED = `(
  select * from executions where scheduled_for < now() - interval '20 minutes' order by scheduled_for desc, id desc limit ${LATEST}) as e`

const ATTEMPTS = 'select from attempts a where a.execution_id = e.id and a.scheduled_for = e.scheduled_for'

const REPORT =
  'Nothing repairs it. If nobody has changed the tables by hand, this is a fault of the scheduler: please report it.'

/** What holds of what is finished; of the latest of it. */
export const ledgerRows: Invariant[] = [
  {
    name: 'a success has its attempt',
    holds: 'What has succeeded has an attempt that was answered with a success.',
    ...{ level: 'fail', cost: 'much', next: REPORT },
    find: bySql(
      `select e.id::text as of, format('execution %s of job %s has succeeded without an attempt that did', e.id, e.job_id) as what
       from (select * from executions order by scheduled_for desc, id desc limit ${LATEST}) as e
       where e.state = 'succeeded' and not exists (${ATTEMPTS} and a.outcome = 'succeeded')
       limit $1`,
    ),
  },
  {
    name: 'attempts have executions',
    holds: 'Each attempt belongs to an execution.',
    ...{ level: 'fail', cost: 'much', next: REPORT },
    find: bySql(
      `select a.execution_id::text as of, format('attempt %s is of execution %s, which is not there', a.attempt, a.execution_id) as what
       from (select execution_id, scheduled_for, attempt from attempts
         order by execution_id desc, scheduled_for desc, attempt desc limit ${LATEST}) as a
       where not exists (select from executions e where e.id = a.execution_id and e.scheduled_for = a.scheduled_for)
       limit $1`,
    ),
  },
  {
    name: 'attempts counted',
    holds: 'The attempts of an execution that is finished are those from the first to its last, none left out.',
    ...{ level: 'warn', cost: 'much', next: REPORT },
    find: bySql(
      `select e.id::text as of, format('execution %s of job %s has made %s attempts, %s are recorded', e.id, e.job_id, e.attempt, made.n) as what
       from ${SETTLED} cross join lateral (
         select count(*)::int as n from attempts a
         where a.execution_id = e.id and a.scheduled_for = e.scheduled_for and a.attempt between 1 and e.attempt) as made
       where e.finished_at < now() - interval '20 minutes' and made.n <> e.attempt
       limit $1`,
    ),
  },
  {
    name: 'what waits has an end',
    holds: 'Whatever waits is let go one day: by its time, by those before it, or by the limit that holds it back.',
    level: 'fail',
    cost: 'much',
    next: 'Cancel it (POST /executions/{id}/cancel), or run its job by hand (POST /jobs/{id}/run). If nobody has changed the table by hand, please report it.',
    find: bySql(
      `select id::text as of, format('execution %s of job %s waits for nothing that will come', id, job_id) as what
       from executions
       where next_attempt_at > now() + interval '400 days' and ${IS_WAITING} and not behind
         and reason is distinct from 'destination_limited' and reason is distinct from 'key_limited'
       limit $1`,
    ),
  },
]
