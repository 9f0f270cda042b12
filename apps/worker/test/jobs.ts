import type { StoredDelivery } from '@scheduler/core/delivery'
import type { Pool } from '@scheduler/db/client'
import { createJob, newJobId } from '@scheduler/db/queries/create-job'

const oneAttempt: StoredDelivery = { retry: { limit: 0 } }

export interface OnceJob {
  /** Known before, where secrets are sealed for it. */
  id?: string
  url: string
  /** Milliseconds from the database's now; negative for one that is due already. */
  inMs?: number
  payload?: string
  /** One attempt, unless told otherwise. */
  delivery?: StoredDelivery
  flowKey?: string
}

/** Creates one-time jobs the way the API does, and wakes the dispatchers. Returns their ids. */
export async function createOnceJobs(pool: Pool, jobs: OnceJob[]): Promise<string[]> {
  const now = await databaseNow(pool)
  return await Promise.all(
    jobs.map(async ({ id: jobId = newJobId(), url, inMs = 0, payload = '{}', delivery = oneAttempt, flowKey }) => {
      const { origin: destination, hostname: callbackHost } = new URL(url)
      const at = new Date(now.getTime() + inMs)
      const { id } = await createJob(
        pool,
        {
          id: jobId,
          type: 'once',
          ...{ nextRunAt: at, nextScheduledFor: at, cursorAt: new Date(at.getTime() - 1) },
          ...{ callbackUrl: url, destination, callbackHost, timezone: 'UTC' },
          schedule: { type: 'once', at: at.toISOString() },
          ...{ policies: {}, name: null, externalId: null, tags: [], payload },
          ...{ delivery, flowKey: flowKey ?? null, retention: null },
        },
        now,
      )
      return id
    }),
  )
}

/** `count` equal ones. */
export const many = (count: number, job: OnceJob): OnceJob[] => Array.from({ length: count }, () => job)

export async function databaseNow(pool: Pool): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now')
  return rows[0]?.now as Date
}

export interface ExecutionNow {
  id: string
  jobId: string
  state: string
  reason: string | null
  attempt: number
  destination: string
  nextAttemptAt: Date | null
}

/** The ledger, by job. */
export async function ledger(pool: Pool): Promise<ExecutionNow[]> {
  const { rows } = await pool.query<ExecutionNow>(
    `select id, job_id as "jobId", state::text, reason::text, attempt, destination, next_attempt_at as "nextAttemptAt"
     from executions order by job_id`,
  )
  return rows
}

/** How many executions are in each state. */
export async function states(pool: Pool): Promise<Record<string, number>> {
  const all = await ledger(pool)
  return Object.fromEntries([...Map.groupBy(all, (it) => it.state)].map(([state, them]) => [state, them.length]))
}

export interface AttemptNow {
  attempt: number
  outcome: string
  status: number | null
  error: string | null
}

export async function attempts(pool: Pool): Promise<AttemptNow[]> {
  const { rows } = await pool.query<AttemptNow>(
    'select attempt, outcome::text, status, error from attempts order by execution_id, attempt',
  )
  return rows
}

/** Items in the queue. */
export async function itemCount(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from pgboss.job where name = 'deliver'`)
  return rows[0]?.n ?? 0
}
