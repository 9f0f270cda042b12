import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { notifyWork } from '../notify.ts'
import { transaction } from '../transaction.ts'
import { type FullExecution, getExecutionAt } from './executions.ts'
import { insertLedger } from './insert-ledger.ts'
import { lockJob } from './jobs.ts'
import type { LedgerRow } from './ledger-rows.ts'

/** Puts an execution into the queue, now, outside the job's schedule; a paused or completed job has it too. */
export async function runJob(
  on: Pool | PoolClient,
  boss: PgBoss,
  id: string,
): Promise<{ execution: FullExecution; timezone: string }> {
  return await transaction(on, async (client) => {
    // The lock orders it with a delete: it is either refused, or cancelled with the rest.
    const { job, now } = await lockJob(client, id, () => true)
    const row: LedgerRow = {
      jobId: job.id,
      jobVersion: job.version,
      kind: 'manual',
      state: 'queued',
      reason: null,
      scheduledFor: now,
      scheduledUntil: null,
      count: 1,
      effectiveAt: now,
      nextAttemptAt: null,
      behind: false,
      destination: job.destination,
      flowKey: job.flowKey,
    }
    // The occurrence's instant is its identity: a second run within the millisecond takes the next one. Whether it is queued
    // is another matter: where its flow is limited it is parked.
    while ((await insertLedger(client, boss, [row], now)).rows === 0) {
      row.scheduledFor = row.effectiveAt = new Date(row.scheduledFor.getTime() + 1)
    }
    await notifyWork(client)
    const execution = await getExecutionAt(client, job.id, row.scheduledFor, row.kind)
    return { execution, timezone: job.timezone }
  })
}
