import type { EventType } from '@scheduler/core/event'
import { v7 as uuidv7 } from 'uuid'
import type { PoolClient } from '../client.ts'

export interface NewEvent {
  type: EventType
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

/** An execution that is settled, as far as it is told. */
export interface SettledFacts {
  executionId: string
  jobId: string
  jobVersion: number
  kind: string
  scheduledFor: Date
  attempt: number
  reason: string | null
  status: number | null
  error: string | null
  finishedAt: Date
}

/** The event of an execution that has failed for good. */
export function executionFailed(it: SettledFacts): NewEvent {
  const { reason, status, error, jobVersion } = it
  const { data, ...event } = executionSucceeded(it)
  return { ...event, type: 'execution.failed', data: { ...data, reason, status, error, job_version: jobVersion } }
}

/** The event of one that has succeeded after its job's executions have failed for good. */
export function executionSucceeded(
  it: Pick<SettledFacts, 'executionId' | 'jobId' | 'kind' | 'scheduledFor' | 'attempt' | 'finishedAt'>,
): NewEvent {
  const { executionId, jobId, kind, scheduledFor, attempt, finishedAt: at } = it
  const data = { kind, scheduled_for: scheduledFor.toISOString(), attempt }
  return { type: 'execution.succeeded', jobId, executionId, at, data }
}
