import type { StoredDelivery } from '@scheduler/core/delivery'
import { unsealable } from '@scheduler/core/reseal'
import { WORKER_ALIVE_SECONDS } from '../workers.ts'
import { bySql, type Finding, type Invariant, iso } from './invariant.ts'

/** How far this machine's clock may be from the database's, ms: more than an answer ever takes. */
const SKEW_MS = 5_000

/** How long before dead letters expire somebody is told, days. */
const WARNED_DAYS = 7

/** Of how many jobs, the newest, the secrets are tried. */
const TRIED = 20_000

/** What wants somebody to look at it, though nothing is broken. */
export const attention: Invariant[] = [
  {
    name: 'workers beat',
    holds: 'A worker is there.',
    level: 'fail',
    cost: 'little',
    next: 'Nothing is sent without one. Start workers: pnpm start, or node apps/worker/src/main.ts with this database.',
    find: bySql(
      `select 'workers' as of, 'no worker has beaten within ${WORKER_ALIVE_SECONDS} seconds' as what
       where not exists (select from workers where heartbeat_at > now() - interval '${WORKER_ALIVE_SECONDS} seconds')
       limit $1`,
    ),
  },
  {
    name: 'no worker vanished',
    holds: 'No worker has gone without a word within the last quarter of an hour.',
    level: 'warn',
    cost: 'little',
    next: 'What it had is made again by others. Its process was killed, or is cut off from the database: see its log.',
    find: bySql(
      `select id::text as of, format('worker %s (%s, pid %s) beat last at %s', id, hostname, pid, ${iso('heartbeat_at')}) as what
       from workers where heartbeat_at < now() - interval '${WORKER_ALIVE_SECONDS} seconds'
         and heartbeat_at > now() - interval '15 minutes'
       order by heartbeat_at limit $1`,
    ),
  },
  {
    name: 'clocks agree',
    holds: "The clock of this machine and the database's are the same to within five seconds.",
    level: 'warn',
    cost: 'little',
    next: "Set both by NTP. Nothing is early or late for it, everything goes by the database's; but times in logs are hard to read.",
    async find(client) {
      const { rows } = await client.query<{ now: Date }>('select clock_timestamp() as now')
      const aheadMs = Date.now() - (rows[0]?.now.getTime() ?? Number.NaN)
      if (Math.abs(aheadMs) < SKEW_MS) return []
      const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1)
      return [{ of: 'clock', what: `this machine is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the database` }]
    },
  },
  {
    name: 'no job quarantined',
    holds: 'The schedule of each job can be computed.',
    level: 'warn',
    cost: 'little',
    next: 'GET /jobs/{id} has the reason (status_reason); an edit that gives it another schedule makes it active again.',
    find: bySql(
      `select id::text as of, format('job %s is quarantined', id) as what
       from jobs where status = 'quarantined' and status <> 'active' and deleted_at is null order by id limit $1`,
    ),
  },
  {
    name: 'dead letters looked after',
    holds: 'No dead letter is about to expire.',
    level: 'warn',
    cost: 'little',
    next: 'Redrive them (POST /dead-letters/redrive) or put them away (DELETE /dead-letters); or keep them longer (DEAD_LETTER_RETENTION_DAYS).',
    async find(client, most, { deadLetterDays }) {
      const days = Math.max(deadLetterDays - WARNED_DAYS, deadLetterDays / 2)
      const { rows } = await client.query<Finding>(
        `select id::text as of, format('execution %s of job %s is a dead letter since %s, and expires after %s days', id, job_id,
           ${iso('dead_at')}, $3::int) as what
         from executions where dead_at is not null and dead_at < now() - make_interval(secs => $2) order by dead_at limit $1`,
        [most, days * 86_400, deadLetterDays],
      )
      return rows
    },
  },
  {
    name: 'secrets open',
    holds: `Each secret of the newest ${TRIED.toLocaleString('en')} jobs opens with ENCRYPTION_KEYS.`,
    level: 'fail',
    cost: 'much',
    next: 'Its job sends nothing until it does. Add the key that it asks for to ENCRYPTION_KEYS, for workers and API; or write the secret anew (PATCH /jobs/{id}).',
    async find(client, most, { keys }) {
      if (!keys) return []
      const found: Finding[] = []
      let before = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
      for (let tried = 0; tried < TRIED && found.length < most; ) {
        const { rows } = await client.query<{ id: string; delivery: StoredDelivery | null; isGone: boolean }>(
          'select id, delivery, deleted_at is not null as "isGone" from jobs where id < $1 order by id desc limit 1000',
          [before],
        )
        for (const { id, delivery, isGone } of rows) {
          const [kid] = isGone || !delivery ? [] : unsealable(keys, id, delivery)
          if (kid !== undefined) found.push({ of: id, what: `job ${id} has a secret that asks for the key ${kid}` })
        }
        const last = rows.at(-1)
        if (!last) break
        before = last.id
        tried += rows.length
      }
      return found.slice(0, most)
    },
  },
]
