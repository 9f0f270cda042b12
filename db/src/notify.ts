import type { Pool, PoolClient } from './client.ts'

/** Says that a job or an execution became due sooner than a sleeping dispatcher may know. */
export const DUE_CHANNEL = 'scheduler_due'

/** Says that there are more items in the queue than the worker that made them can take. */
export const WORK_CHANNEL = 'scheduler_work'

/** Says that an attempt in flight is to be broken off; the payload is the execution's id. */
export const CANCEL_CHANNEL = 'scheduler_cancel'

/** Says that a circuit changed its state; the payload is the destination. */
export const CIRCUIT_CHANNEL = 'scheduler_circuit'

/** Says that the limits of flows have changed, that executions were parked for one, or that slots are free which no settle gave back. */
export const FLOW_CHANNEL = 'scheduler_flow'

/**
 * How long a dispatcher sleeps at most. What becomes due later than this needs no notification; and when a notification
 * is lost, nothing is later than this.
 */
export const BACKSTOP_MS = 1_000

/** Wakes the dispatchers when `at` comes before they would look by themselves. */
export async function notifyDue(client: Pool | PoolClient, at: Date, now: Date): Promise<void> {
  if (at.getTime() - now.getTime() > BACKSTOP_MS) return
  await client.query('select pg_notify($1, $2)', [DUE_CHANNEL, String(at.getTime())])
}

/** Wakes the claimers of other workers; with a destination, those that could take some of its parked executions. */
export async function notifyWork(client: Pool | PoolClient, destination = ''): Promise<void> {
  await client.query('select pg_notify($1, $2)', [WORK_CHANNEL, destination])
}

/** Tells all workers that the circuit of a destination is not what it was. */
export async function notifyCircuit(client: Pool | PoolClient, destination: string): Promise<void> {
  await client.query('select pg_notify($1, $2)', [CIRCUIT_CHANNEL, destination])
}

/** Asks whichever worker has an attempt of this execution in flight to break it off. */
export async function notifyCancel(client: Pool | PoolClient, executionId: string): Promise<void> {
  await client.query('select pg_notify($1, $2)', [CANCEL_CHANNEL, executionId])
}

/** Wakes the flow keepers. */
export async function notifyFlow(client: Pool | PoolClient): Promise<void> {
  await client.query('select pg_notify($1, $2)', [FLOW_CHANNEL, ''])
}
