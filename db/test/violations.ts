import { type Keys, readKeys, seal, signingContext } from '@scheduler/core/seal'
import { v7 as uuidv7 } from 'uuid'
import type { Pool } from '../src/client.ts'
import { createDb } from '../src/client.ts'
import type { Boss } from '../src/queue.ts'
import { executions, jobs } from '../src/schema/index.ts'
import { ago, ahead, execution, job } from './factories.ts'
import { queueUp, worker } from './queue.ts'

/** Makes a violation; returns what the finding says of it, and, where it is no row, how it is put right again. */
export type Violation = (pool: Pool, boss: Boss) => Promise<{ says: RegExp; undo?: string[] }>

export const keysOf = (kid: string): Keys => readKeys([`${kid}:${Buffer.alloc(32, kid).toString('base64')}`])

const insertJob = async (pool: Pool, fields: Parameters<typeof job>[0]) => {
  await createDb(pool).insert(jobs).values(job(fields))
}
const insertExecution = async (pool: Pool, fields: Parameters<typeof execution>[0]) => {
  await createDb(pool).insert(executions).values(execution(fields))
}
const items =
  (change: string, says: RegExp): Violation =>
  async (pool, boss) => {
    await queueUp(pool, boss)
    await worker(pool, boss).claim()
    await pool.query(`update pgboss.job set ${change}`)
    return { says }
  }

/** Rows that are not as they must be, by the name of the invariant that finds them. */
export const violations: Record<string, Violation> = {
  async 'jobs dispatched'(pool) {
    await insertJob(pool, { nextRunAt: ago(61) })
    return { says: /^job [0-9a-f-]{36} is due since \d{4}-\d\d-\d\dT[\d:]{8}Z$/ }
  },
  async 'waiting dispatched'(pool) {
    await insertExecution(pool, { state: 'waiting', nextAttemptAt: ago(61) })
    return { says: /waits though its attempt is due since/ }
  },
  async 'acknowledgements ended'(pool) {
    await insertExecution(pool, { state: 'running', reason: 'awaiting_ack', ackDeadlineAt: ago(61) })
    return { says: /awaits an acknowledgement that was due at/ }
  },
  async 'pauses ended'(pool) {
    await insertJob(pool, { status: 'paused', pausedUntil: ago(61) })
    return { says: /is paused though its pause ended at/ }
  },
  async 'turns come'(pool) {
    const jobId = uuidv7()
    const next = { state: 'waiting', reason: 'overlap_queued', behind: true, nextAttemptAt: ahead(1e9) } as const
    await insertExecution(pool, { jobId, state: 'succeeded', scheduledFor: ago(200), finishedAt: ago(100) })
    await insertExecution(pool, { jobId, ...next, scheduledFor: ago(120) })
    return { says: /is next, and nothing before it is unfinished/ }
  },
  async 'events handled'(pool) {
    await pool.query(`insert into events (id, type, at, data) values ($1, 'execution.failed', $2, '{}')`, [
      uuidv7(),
      ago(61),
    ])
    return { says: /an event execution.failed of .* waits/ }
  },
  async 'notifications attempted'(pool) {
    await pool.query(
      `insert into notifications (id, type, url, destination, body, created_at, next_attempt_at)
       values ($1, 'job.failing', 'http://told.test/hook?token=canary', 'http://told.test', '{}', $2, $2)`,
      [uuidv7(), ago(301)],
    )
    return { says: /\(job\.failing\) is due since/ }
  },
  async 'unfinished on its way'(pool, boss) {
    await queueUp(pool, boss)
    await pool.query('delete from pgboss.job')
    return { says: /is queued, and its item is gone/ }
  },
  async 'items have executions'(pool, boss) {
    await queueUp(pool, boss)
    await pool.query(`update executions set state = 'cancelled', finished_at = now()`)
    await pool.query(`update pgboss.job set created_on = now() - interval '6 minutes'`)
    return { says: /which has no use for it/ }
  },
  async 'attempts in living hands'(pool, boss) {
    await queueUp(pool, boss)
    await worker(pool, boss).claim()
    await pool.query(`update executions set claimed_at = now() - interval '2 minutes'`)
    return { says: /is had by worker [0-9a-f-]{36}, which beat last nobody knows when/ }
  },
  'lost items given back': items(
    `heartbeat_on = now() - interval '41 seconds'`,
    /the item of execution .* is held, and not renewed since/,
  ),
  'failed items dealt with': items(
    `state = 'failed', completed_on = now() - interval '3 minutes'`,
    /has failed in the queue/,
  ),
  async 'items claimed'(pool, boss) {
    await queueUp(pool, boss)
    await pool.query(
      `update pgboss.job set created_on = now() - interval '2 minutes', start_after = now() - interval '2 minutes'`,
    )
    return { says: /waits since/ }
  },
  async 'nothing deferred in the queue'(pool, boss) {
    await queueUp(pool, boss)
    await pool.query(`update pgboss.job set start_after = now() + interval '1 day'`)
    return { says: /can be claimed from .* on/ }
  },
  async 'parked for a limit that is there'(pool) {
    await insertExecution(pool, { state: 'parked', reason: 'key_limited', flowKey: 'k', nextAttemptAt: ahead(1e9) })
    return { says: /is parked as key_limited, and there is no such limit/ }
  },
  async 'circuits probed'(pool) {
    const { destination } = execution()
    await insertExecution(pool, { state: 'parked', reason: 'circuit_open' })
    await pool.query(
      `insert into destinations (destination, state, failures, opened_at, retry_at, updated_at) values ($1, 'open', 5, $2, $2, $2)`,
      [destination, ago(301)],
    )
    return { says: /the circuit of http:\/\/receiver.test is open, and its probe was due at/ }
  },
  async 'parked let go'(pool) {
    const { destination } = execution()
    await insertExecution(pool, { state: 'parked', reason: 'circuit_open' })
    await insertExecution(pool, { state: 'parked', reason: 'circuit_open' })
    await pool.query(`insert into destinations (destination, state, updated_at) values ($1, 'closed', $2)`, [
      destination,
      ago(301),
    ])
    return { says: /^executions are parked for the circuit of http:\/\/receiver.test, which is closed$/ }
  },
  async 'slots given back'(pool) {
    await pool.query(`insert into flow_slots (execution_id, kind, flow, until) values ($1, 'key', 'k', $2)`, [
      uuidv7(),
      ago(61),
    ])
    return { says: /the slot of execution .* lapsed at/ }
  },
  async 'a success has its attempt'(pool) {
    await insertExecution(pool, { state: 'succeeded' })
    return { says: /has succeeded without an attempt that did/ }
  },
  async 'attempts have executions'(pool) {
    await pool.query(
      `insert into attempts (execution_id, scheduled_for, attempt, outcome, started_at, finished_at, job_version, worker_id)
       values ($1, $2, 1, 'succeeded', $2, $2, 1, $1)`,
      [uuidv7(), ago(1)],
    )
    return { says: /attempt 1 is of execution .*, which is not there/ }
  },
  async 'attempts counted'(pool) {
    await insertExecution(pool, { state: 'failed', attempt: 2, scheduledFor: ago(1_800), finishedAt: ago(1_800) })
    return { says: /has made 2 attempts, 0 are recorded/ }
  },
  async 'what waits has an end'(pool) {
    await insertExecution(pool, { state: 'waiting', nextAttemptAt: ahead(401 * 86_400) })
    return { says: /waits for nothing that will come/ }
  },
  async 'default partition without the present'(pool) {
    await insertExecution(pool, { scheduledFor: ahead(400 * 86_400) })
    return { says: /is in executions_default/ }
  },
  async 'no worker vanished'(pool) {
    await pool.query(
      `insert into workers (id, hostname, pid, started_at, heartbeat_at) values ($1, 'host', 7, $2, $2)`,
      [uuidv7(), ago(60)],
    )
    return { says: /^worker .* \(host, pid 7\) beat last at/ }
  },
  async 'no job quarantined'(pool) {
    await insertJob(pool, { status: 'quarantined', statusReason: 'no' })
    return { says: /is quarantined/ }
  },
  async 'dead letters looked after'(pool) {
    await insertExecution(pool, { state: 'failed', deadAt: ago(84 * 86_400) })
    return { says: /is a dead letter since .*, and expires after 90 days/ }
  },
  async 'secrets open'(pool) {
    const id = uuidv7()
    const signing = [seal(keysOf('lost'), signingContext(id), 'canary')]
    await insertJob(pool, { id, nextRunAt: ahead(60), delivery: { signing } })
    return { says: /has a secret that asks for the key lost$/ }
  },
}
