import { ExecutionState } from '@scheduler/core/execution'
import { formatInZone } from '@scheduler/core/timezone'
import type { Acknowledged } from '@scheduler/db/queries/acknowledge'
import { z } from 'zod'

/**
 * What a receiver is told whose word on an attempt counts: how its execution stands, and no more. The URL that it called is no
 * API key: whoever comes by one must not read jobs, or what was answered, with it.
 */
export const AcknowledgedAnswer = z
  .strictObject({
    execution_id: z.uuid().meta({ description: 'The `webhook-id` of the callback.' }),
    state: ExecutionState,
    attempt: z.int().meta({ description: 'The attempt that it is about.' }),
    ack_deadline_at: z.string().nullable().meta({
      description: 'Until when there is time to say more, in UTC; null when nothing is awaited.',
      example: '2026-11-24T01:05:00.058+00:00',
    }),
  })
  .meta({ id: 'Acknowledged' })

export function toAcknowledged(id: string, now: Acknowledged): z.infer<typeof AcknowledgedAnswer> {
  const { state, attempt, ackDeadlineAt } = now
  const until = ackDeadlineAt && formatInZone(ackDeadlineAt.getTime(), 'UTC')
  return { execution_id: id, state, attempt, ack_deadline_at: until }
}

const acknowledged = {
  execution_id: '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d',
  state: 'succeeded',
  attempt: 1,
  ack_deadline_at: null,
}

export const acknowledgedExamples = {
  succeeded: acknowledged,
  waiting: { ...acknowledged, state: 'waiting' },
  awaiting: { ...acknowledged, state: 'running', ack_deadline_at: '2026-11-24T01:05:00.058+00:00' },
}
