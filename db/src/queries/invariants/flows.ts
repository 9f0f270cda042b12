import { IS_STRANDED } from '../release-stranded.ts'
import { bySql, type Invariant, iso } from './invariant.ts'

const parkedFor = (destination: string) => `exists (
  select from executions e where e.next_attempt_at is not null and e.reason = 'circuit_open' and e.destination = ${destination})`

/** Null of one that was opened by hand, and waits to be closed by hand. */
const PROBE_AT = `case d.state when 'open' then d.retry_at else d.probe_until end`

/** What holds of parked executions, circuits and limits. */
export const flows: Invariant[] = [
  {
    name: 'parked for a limit that is there',
    holds: 'What is parked for a limit is parked for one that is set.',
    level: 'fail',
    cost: 'much',
    next: 'Its callback is late, not lost: the leader lets it go within 30 seconds. If it stays, pnpm run doctor --repair does it now.',
    find: bySql(
      `select e.id::text as of, format('execution %s of job %s is parked as %s, and there is no such limit', e.id, e.job_id, e.reason) as what
       from executions e where ${IS_STRANDED} limit $1`,
    ),
  },
  {
    name: 'circuits probed',
    holds: 'A circuit that is not closed is probed within five minutes of its time, if executions are parked for it.',
    level: 'warn',
    cost: 'much',
    next: 'See that workers run, and their log for "keeping circuits failed" and "claiming failed". POST /circuits/{destination}/reset lets what is parked go.',
    // A limit may let no probe begin for as long as it likes.
    find: bySql(
      `select d.destination as of, format('the circuit of %s is %s, and its probe was due at %s', d.destination, d.state,
         ${iso(PROBE_AT)}) as what
       from destinations d
       where d.state <> 'closed' and ${PROBE_AT} < now() - interval '5 minutes'
         and not exists (select from flow_limits) and ${parkedFor('d.destination')}
       limit $1`,
    ),
  },
  {
    name: 'parked let go',
    holds: 'What was parked while a circuit was open goes out once it has closed.',
    level: 'fail',
    cost: 'much',
    next: 'See that workers run, and their log for "claiming failed". POST /circuits/{destination}/reset lets what is parked go.',
    // From destination to destination, whatever is parked for each.
    find: bySql(
      `with recursive hop as (
         (select destination from executions where next_attempt_at is not null and reason = 'circuit_open'
          order by destination limit 1)
         union all
         select (select e.destination from executions e
           where e.next_attempt_at is not null and e.reason = 'circuit_open' and e.destination > hop.destination
           order by e.destination limit 1)
         from hop where hop.destination is not null)
       select hop.destination as of, format('executions are parked for the circuit of %s, which is closed', hop.destination) as what
       from hop where hop.destination is not null and not exists (
         select from destinations d where d.destination = hop.destination
           and (d.state <> 'closed' or d.draining_since is not null or d.updated_at > now() - interval '5 minutes'))
       limit $1`,
    ),
  },
  {
    name: 'slots given back',
    holds: 'A slot of a limit that has lapsed is taken back within a minute.',
    level: 'warn',
    cost: 'much',
    next: 'What waits for that limit waits for it: see the workers\' log for "granting failed".',
    find: bySql(
      `select execution_id::text || ' ' || kind as of,
         format('the slot of execution %s lapsed at %s', execution_id, ${iso('until')}) as what
       from flow_slots where until < now() - interval '60 seconds' limit $1`,
    ),
  },
]
