import { Problem } from '@scheduler/core/problem'
import { and, isNull, sql } from 'drizzle-orm'
import type { PgBoss } from 'pg-boss'
import { createDb, type Pool, type PoolClient } from '../client.ts'
import { executions } from '../schema/executions.ts'
import { jobs } from '../schema/jobs.ts'
import { transaction } from '../transaction.ts'
import { type Choice, chooseDead, type Left } from './choose-dead.ts'
import { lockDead, notADeadLetter } from './dead-letters.ts'
import { executionNotFound, type FullExecution, getExecution } from './executions.ts'
import type { DeadLetterFilters } from './meant-dead-letters.ts'
import { promote } from './promote.ts'
import { type Dead, type DeadJob, release, takeTurns } from './redrive-turns.ts'

/** Dead letters that one request redrives, at the most. */
export const MOST_REDRIVEN = 10_000

export interface Redrive extends DeadLetterFilters {
  /** Of these only; those that can't be redriven are then named. */
  ids?: string[] | undefined
  /** How many at the most, those that died first. */
  limit: number
  perSecond?: number | undefined
}

export interface Redriven {
  executions: number
  left: Left
  refused: { id: string; problem: Problem }[]
}

/**
 * Takes dead letters back into the queue, to be attempted as if they had not been before: the same executions, with the same
 * ids, so that a receiver that has done the work already can tell. Their attempts count on, the retries begin anew, and what is
 * sent is the job as it is now.
 *
 * This is the only way out of a final state. The jobs' rows are locked first, in order of id, and the executions after, as
 * every change of a job does: a delete or a pause that was answered before is seen, and one that comes later finds them
 * unfinished and cancels them. Of two that redrive the same one, the second finds it no dead letter any more.
 */
export async function redrive(on: Pool | PoolClient, boss: PgBoss, request: Redrive): Promise<Redriven> {
  const { done, blocked } = await transaction(on, async (client) => {
    const { ids, limit } = request
    const choice: Choice = ids ? { filters: request, ids, limit } : { filters: request, also: hasJob, limit }
    const { chosen: meant, left } = await chooseDead(client, choice)
    const refused = request.ids ? await refusedOf(client, request.ids) : []
    const live = new Map((await lockJobs(client, meant)).map((job) => [job.id, job]))
    const ofJob = meant.filter(({ jobId }) => live.has(jobId))
    const locked = new Set((await lockDead(client, ofJob)).map(({ id }) => id))
    const now = await clockOf(client)
    const dead = ofJob.filter(({ id }) => locked.has(id))
    const turns = await takeTurns(client, dead, live, now, request.perSecond)
    await release(client, boss, turns, now)
    if (request.ids) {
      const gone = meant.filter(({ jobId }) => !live.has(jobId))
      refused.push(...gone.map(({ id }) => ({ id, problem: jobDeleted(id) })))
      const taken = ofJob.filter(({ id }) => !locked.has(id))
      refused.push(...taken.map(({ id }) => ({ id, problem: notADeadLetter(id) })))
    }
    // By id, those without a job are left too.
    const count = left.count + (ids ? meant.length - ofJob.length : 0)
    const done = { executions: turns.length, left: { ...left, count }, refused }
    return { done, blocked: [...new Set(turns.filter((it) => it.blocked).map(({ job }) => job.id))] }
  })
  // What they wait for may have been finished while they were made to wait.
  await promote(on, blocked)
  return done
}

/** Redrives one. @throws Problem `execution-not-found`, `not-a-dead-letter`, `job-deleted` */
export async function redriveOne(on: Pool | PoolClient, boss: PgBoss, id: string): Promise<FullExecution> {
  const { refused } = await redrive(on, boss, { ids: [id], limit: 1 })
  for (const { problem } of refused) throw problem
  return await getExecution(createDb(on), id)
}

/** What has no job any more can't be redriven, and must not take the place of what can. */
const hasJob = sql`(select j.deleted_at is null from ${jobs} j where j.id = ${executions.jobId})`

/** Those of the ids that are no dead letters. */
async function refusedOf(client: PoolClient, ids: string[]): Promise<Redriven['refused']> {
  const found = await createDb(client)
    .select({ id: executions.id, deadAt: executions.deadAt })
    .from(executions)
    .where(sql`${executions.id} = any(${sql.param(ids)}::uuid[])`)
  const deadAt = new Map(found.map((row) => [row.id, row.deadAt]))
  return [...new Set(ids)].flatMap((id) => {
    if (!deadAt.has(id)) return [{ id, problem: executionNotFound(id) }]
    return deadAt.get(id) ? [] : [{ id, problem: notADeadLetter(id) }]
  })
}

/** Locks the jobs that are not deleted. */
async function lockJobs(client: PoolClient, dead: Dead[]): Promise<DeadJob[]> {
  const ids = [...new Set(dead.map(({ jobId }) => jobId))]
  const { id, type, runs, policies, destination, flowKey } = jobs
  return await createDb(client)
    .select({ id, type, runs, policies, destination, flowKey })
    .from(jobs)
    .where(and(sql`${id} = any(${sql.param(ids)}::uuid[])`, isNull(jobs.deletedAt)))
    .orderBy(id)
    .for('update')
}

/** Asked once the locks are held: it comes after the pause or the edit that they were waited for. */
async function clockOf(client: PoolClient): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>(`select date_trunc('milliseconds', clock_timestamp()) as now`)
  return rows[0]?.now ?? new Date(Number.NaN)
}

function jobDeleted(id: string): Problem {
  const detail = `The job of the execution ${JSON.stringify(id)} has been deleted, and there is nothing left to send. Create the job anew, or put the dead letter away.`
  return new Problem('job-deleted', detail)
}
