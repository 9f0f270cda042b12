import type { Event } from '@scheduler/core/event'
import { expect } from 'vitest'
import { explaining } from '../../test/explaining.ts'
import { ago, ahead, execution, job, repeating } from '../../test/factories.ts'
import { analyzeLedger } from '../../test/partitions.ts'
import { outcomeOf, queueUp, test, worker } from '../../test/queue.ts'
import type { Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import { executions, flowSlots, jobs } from '../schema/index.ts'
import { transaction } from '../transaction.ts'
import { newWorkerId } from '../worker-id.ts'
import { busyDestinations } from './busy-destinations.ts'
import { circuitNotifications } from './circuit-notifications.ts'
import { deleteJob } from './delete-job.ts'
import { dispatchDue } from './dispatch-due.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { claimNotifications } from './due-notifications.ts'
import { expireAcks } from './expire-acks.ts'
import { handleEvents } from './handle-events.ts'
import { lookAhead } from './look-ahead.ts'
import { promote } from './promote.ts'
import { reconcile } from './reconcile.ts'
import { releaseParked } from './release-parked.ts'
import { reportOutcomes } from './report-outcomes.ts'
import { resumeDue } from './resume-due.ts'
import { settle } from './settle.ts'
import { toCancel } from './to-cancel.ts'

/** Fills the tables with what is idle: jobs of the future, finished executions, ended items. */
async function fillIdle(pool: Pool): Promise<void> {
  const many = 'generate_series(1, 50000) as n'
  const statements = `
    insert into jobs (id, type, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at, callback_url,
      destination, callback_host, timezone, schedule, policies, payload)
    select gen_random_uuid(), 'interval', now() + n * interval '1 hour', now() + n * interval '1 hour', now(), now(),
      now(), 'http://a.test/', 'http://a.test', 'a.test', 'UTC', '{}', '{}', '{}' from ${many};
    insert into executions (id, job_id, job_version, kind, state, attempt, scheduled_for, effective_at, created_at,
      finished_at, destination)
    select gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'succeeded', 1, at, at, at, at, 'http://a.test'
    from ${many}, lateral (select now() - n * interval '1 minute' as at);
    insert into blackouts (id, tag, from_at, to_at, created_at)
    select gen_random_uuid(), 'tag ' || n, now(), now() + n * interval '1 minute', now() from generate_series(1, 5000) as n;
    insert into destinations (destination, state, failures, opened_at, retry_at, updated_at)
    select 'http://' || n || '.test', 'open', 5, now(), now(), now() from generate_series(1, 10000) as n;
    insert into notifications (id, type, url, destination, body, created_at, delivered_at, next_attempt_at)
    select gen_random_uuid(), 'job.failing', 'http://a.test/', 'http://' || n % 2 || '.test', '{}', now(),
      case when n % 5 > 0 then now() end, case when n % 5 = 0 then now() + n * interval '1 s' end from ${many};
    insert into events (id, type, at, data) select gen_random_uuid(), 'circuit.opened', now(), '{}' from ${many};
    insert into flow_limits (kind, flow, concurrency, created_at, updated_at)
    select kind, 'http://limited.test:' || n, 1, now(), now()
    from generate_series(1, 5000) as n, unnest(array['destination', 'key']) as kind;
    insert into flow_slots (execution_id, kind, flow, until)
    select gen_random_uuid(), 'key', 'http://limited.test:' || n, now() + interval '1 hour' from generate_series(1, 5000) as n;
    insert into pgboss.job (name, state, completed_on, data)
    select 'deliver', 'completed', now(), '{}' from ${many};
    analyze jobs; analyze blackouts; analyze destinations; analyze notifications; analyze events; analyze flow_limits; analyze flow_slots;
    analyze pgboss.job_common`
  // One by one: each has its own time, on a machine that has other things to do.
  for (const statement of statements.split(';')) await pool.query(statement)
  await analyzeLedger(pool)
}

const circuitOpened: Event = {
  ...{ id: '', jobId: null, executionId: null, destination: 'http://told.test', at: ago(0), data: {} },
  type: 'circuit.opened',
}

const cases: [string, (pool: Pool, boss: Boss, jobId: string) => Promise<unknown>, string[]][] = [
  [
    'the look-ahead',
    (pool) => lookAhead(pool),
    [
      'jobs: jobs_due',
      'executions: executions_next_attempt',
      'executions: executions_ack_deadline',
      'notifications: notifications_due',
      'events: events_pkey',
    ],
  ],
  [
    'due notifications',
    (pool) => claimNotifications(pool, { limit: 10, mostOfEach: 2, inFlight: new Map(), after: '', upTo: null }),
    ['notifications: notifications_due_by_destination'],
  ],
  [
    'whom to tell of a circuit',
    (pool) => transaction(pool, (client) => circuitNotifications(client, [circuitOpened], null)),
    ['jobs: jobs_to_tell'],
  ],
  [
    'events and their jobs',
    async (pool, _, id) => {
      const data = { scheduled_for: new Date().toISOString(), status: 500, job_version: 1 }
      const oldest = '00000000-0000-7000-8000-000000000000'
      await pool.query(`insert into events values ($1, 'execution.failed', $2, $2, null, now(), $3)`, [
        oldest,
        id,
        data,
      ])
      expect(await handleEvents(pool, { instanceUrl: null, limit: 10 })).toMatchObject({ events: 10 })
    },
    ['events: events_pkey', 'jobs: jobs_pkey', 'executions: executions_one_per_occurrence'],
  ],
  [
    'what was not acknowledged',
    async (pool) => expect(await expireAcks(pool, 250)).toHaveLength(1),
    ['executions: executions_ack_deadline', 'flow_slots: flow_slots_pkey'],
  ],
  ['busy destinations', (pool) => busyDestinations(pool, null), ['executions: executions_parked_by_job']],
  [
    'due jobs',
    async (pool, boss) => {
      let places = 1
      const begin = { workerId: newWorkerId(), take: () => places-- > 0 }
      const { claims, waits } = await dispatchDue(pool, boss, { limit: 250, graceSeconds: 900, begin })
      expect(claims).toHaveLength(1)
      await promote(pool, waits)
    },
    [
      ...[
        'jobs: jobs_due',
        'executions: executions_live',
        'blackouts: blackouts_by_tag',
        'executions: executions_behind',
      ],
      'destinations: destinations_pkey',
    ],
  ],
  ['what waits for its turn', (pool) => promote(pool, null), ['executions: executions_behind']],
  ['pauses that end', (pool, boss) => resumeDue(pool, boss, 900), ['jobs: jobs_paused_until']],
  // By the primary key or by time and id, which bound the walk equally.
  ['attempts to break off', (pool) => toCancel(pool, [execution()]), []],
  [
    'the parked executions of one destination',
    (pool, boss) =>
      dispatchHeld(pool, boss, {
        limit: 8,
        parked: { destination: 'http://busy.test', reason: 'destination_busy', order: 'oldest' },
      }),
    ['executions: executions_parked_by_job'],
  ],
  [
    'waiting executions',
    (pool, boss) => dispatchHeld(pool, boss, { limit: 250 }),
    ['executions: executions_next_attempt'],
  ],
  [
    'claiming and settling',
    async (pool, boss) => {
      const { workerId, claim } = worker(pool, boss)
      const { claims } = await claim(undefined, 2)
      const settlements = claims.map((it) => outcomeOf(it))
      expect(await settle(pool, boss, workerId, settlements)).toHaveProperty('size', 2)
    },
    ['jobs: jobs_pkey', 'destinations: destinations_pkey'],
  ],
  [
    'releasing what is parked',
    (pool, boss) =>
      releaseParked(pool, boss, {
        ...{ destination: 'http://busy.test', reason: 'destination_busy', limit: 8, ramp: { perSecond: 20 } },
      }),
    ['destinations: destinations_pkey', 'executions: executions_parked_by_job'],
  ],
  [
    'telling of outcomes',
    (pool) => {
      const report = { destination: 'http://7.test', succeeded: false, failures: 1 }
      return reportOutcomes(pool, [report], { failMax: 5, resetMs: 60_000 })
    },
    ['destinations: destinations_pkey'],
  ],
  [
    'reconciling',
    (pool, boss) => reconcile(pool, boss),
    ['executions: executions_live', 'executions: executions_parked_by_job', 'jobs: jobs_due'],
  ],
  ['deleting a job', (pool, _, id) => deleteJob(pool, id, () => true), ['jobs: jobs_pkey']],
]

test('among fifty thousand idle rows of each kind, every hot query finds its own by an index', async ({
  databaseUrl,
  db,
  pool,
  boss,
}) => {
  await fillIdle(pool)
  const { id } = await queueUp(pool, boss, {}, 3)
  const inTurn = { misfire: { policy: 'all', graceSeconds: 86_400 } } as const
  const slept = { nextRunAt: ago(7_300), schedule: repeating({ hours: 1 }, ago(7_300)), policies: inTurn }
  await db.insert(jobs).values([job(), job(), job({ tags: ['x'] }), job(slept)])
  const silent = { state: 'running', reason: 'awaiting_ack', ackDeadlineAt: ago(1), claimedAt: ago(9) } as const
  const [late] = await db.insert(executions).values(execution(silent)).returning()
  await db.insert(flowSlots).values({ executionId: late?.id ?? '', kind: 'key', flow: 'tenant', until: ahead(9) })
  const busy = { state: 'parked', reason: 'destination_busy', destination: 'http://busy.test' } as const
  await db.insert(executions).values([execution({ state: 'waiting' }), execution({ ...busy, nextAttemptAt: ahead(9) })])

  for (const [name, run, indexes] of cases) {
    const explained = explaining(databaseUrl, { steadyPlans: true })
    await run(explained.pool, boss, id).finally(() => explained.end())
    expect(explained.scans, name).toEqual(expect.arrayContaining(indexes))
    const bad = explained.scans.filter((it) => /Seq Scan|filtered by/.test(it))
    expect(bad, name).toEqual([])
  }
}, 60_000)
