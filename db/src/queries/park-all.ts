import type { PoolClient } from '../client.ts'
import type { Park } from './begin-attempts.ts'
import type { Found } from './lock-executions.ts'

/** Keeps an execution out of the queue until its flow grants it what it lacks; the time is far away. */
interface ParkLimited {
  reason: NonNullable<Found['lacks']>
  at: Date
}

/** Parks locked executions, each for its reason. */
export async function parkAll(client: PoolClient, park: (Found & (Park | ParkLimited))[]): Promise<void> {
  if (park.length === 0) return
  await client.query({
    name: 'park',
    text: `
      update executions e set state = 'parked', reason = p.reason, next_attempt_at = p.at
      from unnest($1::uuid[], $2::timestamptz[], $3::execution_reason[], $4::timestamptz[])
        as p(id, scheduled_for, reason, at)
      where e.id = p.id and e.scheduled_for = p.scheduled_for`,
    values: [
      park.map((it) => it.id),
      park.map((it) => it.scheduled_for),
      park.map((it) => it.reason),
      park.map((it) => it.at),
    ],
  })
}
