import { v7 as uuidv7 } from 'uuid'
import type { PoolClient } from '../client.ts'

/**
 * What can happen. An execution's events are those that say something about its job: a failure for good, and the first
 * success after one.
 */
export const eventTypes = [
  'execution.failed',
  'execution.succeeded',
  'execution.missed',
  'circuit.opened',
  'circuit.closed',
] as const

export interface NewEvent {
  type: (typeof eventTypes)[number]
  jobId?: string
  executionId?: string
  destination?: string
  at: Date
  data: Record<string, unknown>
}

/** Writes down what happened, in the transaction in which it does; some worker deals with it once that is committed. */
export async function recordEvents(client: PoolClient, events: NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await client.query({
    name: 'record-events',
    text: `
      insert into events (id, type, job_id, execution_id, destination, at, data)
      select e.id, e.type, e.job_id, e.execution_id, e.destination, e.at, e.data::jsonb
      from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::text[])
        as e(id, type, job_id, execution_id, destination, at, data)`,
    values: [
      events.map(() => uuidv7()),
      events.map((it) => it.type),
      events.map((it) => it.jobId ?? null),
      events.map((it) => it.executionId ?? null),
      events.map((it) => it.destination ?? null),
      events.map((it) => it.at),
      events.map((it) => JSON.stringify(it.data)),
    ],
  })
}
