import type { Plan } from '@scheduler/core/planner'
import type { PoolClient } from '../client.ts'

/** What a pass has made of a job that it has locked. */
export interface Clock {
  id: string
  /** Where its row lies (`ctid`): no one else changes it meanwhile. */
  at: string
  cursor: Date
  runs: number
  nextRunAt: Date | null
  nextScheduledFor: Date | null
}

export function clockOf({ id, at }: { id: string; at: string }, planned: Plan): Clock {
  return { id, at, cursor: new Date(planned.cursor), runs: planned.runs, ...clockColumns(planned) }
}

/** The columns of a job that say when it is due next. */
export function clockColumns({ next, wakeAt }: Pick<Plan, 'next' | 'wakeAt'>) {
  // When only occurrences are left that are not to be sent, the last of them.
  const scheduledFor = next?.nominal ?? wakeAt
  return {
    nextRunAt: wakeAt === null ? null : new Date(wakeAt),
    nextScheduledFor: wakeAt === null || scheduledFor === null ? null : new Date(scheduledFor),
  }
}

/** Writes the clocks of jobs that this transaction has locked. */
export async function moveClocks(client: PoolClient, clocks: Clock[], now: Date): Promise<void> {
  if (clocks.length === 0) return
  await client.query({
    name: 'move-clocks',
    text: `
      update jobs set cursor_at = c.cursor_at, next_run_at = c.next_run_at, next_scheduled_for = c.next_scheduled_for,
        runs = c.runs, status = case when c.next_run_at is null then 'completed' else status end,
        completed_at = case when c.next_run_at is null then $5::timestamptz end
      from (
        select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $6::int[], $7::tid[])
          as c(id, cursor_at, next_run_at, next_scheduled_for, runs, at)
        -- Has the planner suppose few: by their ids it may read all jobs instead, where there were a few when it planned this.
        where cursor_at >= '-infinity' and cursor_at <= 'infinity') as c
      where jobs.ctid = c.at and jobs.id = c.id`,
    values: [
      clocks.map((clock) => clock.id),
      clocks.map((clock) => clock.cursor),
      clocks.map((clock) => clock.nextRunAt),
      clocks.map((clock) => clock.nextScheduledFor),
      now,
      clocks.map((clock) => clock.runs),
      clocks.map((clock) => clock.at),
    ],
  })
}
