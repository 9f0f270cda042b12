import { readFileSync } from 'node:fs'
import { getConstructionPlans } from 'pg-boss'
import { NO_STEADY_PLANS, unsteadySettings } from '../../pool.ts'
import { queueOptions } from '../../queue-options.ts'
import { bySql, type Finding, type Invariant } from './invariant.ts'

/** When the newest migration of this version was made: what the list of those that were applied goes by. */
const newestMigration = (): number => {
  const file = new URL('../../../migrations/meta/_journal.json', import.meta.url)
  const { entries } = JSON.parse(readFileSync(file, 'utf8')) as { entries: { when: number }[] }
  return Math.max(...entries.map(({ when }) => when))
}

/** pg-boss tells the version of its schema nowhere but in the statement that writes it down. */
const queueSchema = (): number =>
  Number(
    /INSERT INTO \S*version\S*\s*\(version\)\s*VALUES\s*\('?(\d+)/i.exec(getConstructionPlans())?.[1] ?? Number.NaN,
  )

const older = (whose: string) => `the schema of ${whose} is older than this version`
const newer = (whose: string) => `the schema of ${whose} is newer than this version`

const compared = (of: string, there: number | null, here: number): Finding[] =>
  there === here ? [] : [{ of, what: there === null || there < here ? older(of) : newer(of) }]

/** Columns of pg-boss's list of queues, and the option that each is of. */
const queueColumns = {
  policy: 'policy',
  heartbeatSeconds: 'heartbeat_seconds',
  expireInSeconds: 'expire_seconds',
  retryLimit: 'retry_limit',
  retryDelay: 'retry_delay',
  retentionSeconds: 'retention_seconds',
  deleteAfterSeconds: 'deletion_seconds',
} as const

/** What of a queue is not as its options say. */
function deviations(name: string, row: Record<string, unknown> | undefined): Finding[] {
  if (!row) return [{ of: name, what: `the queue ${name} is not there` }]
  const options: Record<string, unknown> = queueOptions[name as keyof typeof queueOptions]
  return Object.entries(queueColumns).flatMap(([option, column]) =>
    option in options && row[column] !== options[option]
      ? [{ of: `${name} ${column}`, what: `the queue ${name} has ${column} ${row[column]}, not ${options[option]}` }]
      : [],
  )
}

/** How PostgreSQL and pg-boss must be set for what is promised to hold. */
export const settings: Invariant[] = [
  {
    name: 'schema of this version',
    holds: 'The schemas of the scheduler and of pg-boss are those of this version.',
    level: 'fail',
    cost: 'little',
    next: 'Older: run pnpm db:migrate. Newer: replace what still runs of this version.',
    async find(client) {
      const { rows: ours } = await client.query<{ at: string | null }>(
        'select max(created_at) as at from drizzle.__drizzle_migrations',
      )
      const { rows: theirs } = await client.query<{ version: number }>('select version from pgboss.version')
      const at = ours[0]?.at ?? null
      return [
        ...compared('the scheduler', at === null ? null : Number(at), newestMigration()),
        ...compared('pg-boss', theirs[0]?.version ?? null, queueSchema()),
      ]
    },
  },
  {
    name: 'queues as they were made',
    holds:
      'The queues have the settings of this version: how long a claim lasts, how often an item may be lost, how long it is kept.',
    level: 'fail',
    cost: 'little',
    next: 'pnpm db:migrate writes them anew. Items keep what they were made with.',
    async find(client) {
      const { rows } = await client.query<{ name: string }>('select * from pgboss.queue')
      return Object.keys(queueOptions).flatMap((name) =>
        deviations(
          name,
          rows.find((row) => row.name === name),
        ),
      )
    },
  },
  {
    name: 'commits are durable',
    holds: 'What PostgreSQL has committed survives its crash.',
    level: 'fail',
    cost: 'little',
    next: 'Set it to on. Until then, a crash may take back what was answered, and send again what was sent.',
    find: bySql(
      `select name as of, format('%s is off', name) as what
       from unnest(array['fsync', 'full_page_writes', 'synchronous_commit']) as s(name)
       where current_setting(name) = 'off' limit $1`,
    ),
  },
  {
    name: 'plans steady',
    holds: 'The connections of workers have the settings that they ask for.',
    ...{ level: 'warn', cost: 'little', next: NO_STEADY_PLANS },
    async find(client) {
      const missing = await unsteadySettings(client)
      return missing.map((name) => ({ of: name, what: `${name} is not as it was asked for` }))
    },
  },
  connectionsLeft(),
]

/** @param share of all connections that may be taken */
export function connectionsLeft(share = 0.9): Invariant {
  return {
    name: 'connections left',
    holds: 'PostgreSQL has connections to spare.',
    level: 'warn',
    cost: 'little',
    next: 'Whoever finds none is refused: the API answers 503, workers wait. Raise max_connections, or use fewer (docs/operations.md, Connections).',
    async find(client) {
      const { rows } = await client.query<{ taken: number; most: number }>(
        `select count(*)::int as taken, (current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int) as most
         from pg_stat_activity where usesysid is not null`,
      )
      const { taken, most } = rows[0] ?? { taken: 0, most: 0 }
      return taken <= share * most ? [] : [{ of: 'connections', what: `${taken} of ${most} connections are taken` }]
    },
  }
}
