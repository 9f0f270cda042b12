import { type Aftermath, aftermathOf, type Concerned } from '@scheduler/core/aftermath'
import { type Event, inOrder } from '@scheduler/core/event'
import { recipientsOf } from '@scheduler/core/notice'
import type { Pool, PoolClient } from '../client.ts'
import { transaction } from '../transaction.ts'
import { circuitNotifications } from './circuit-notifications.ts'
import { insertNotifications, type NewNotification } from './notifications.ts'
import { overtakenFailures } from './overtaken-failures.ts'
import { pauseJob } from './pause-job.ts'

/** Whoever holds this lock deals with events; any constant that nobody else uses. */
const EVENTS_LOCK = 7_305_813

export interface Handled {
  events: number
  notifications: number
  /** Jobs that were paused, with the reason. */
  paused: { jobId: string; reason: string }[]
}

/** What was dealt with, and what wants a transaction of its own: the ids of the events of each job that is to be paused. */
interface Pass extends Handled {
  alone: string[][]
}

/**
 * Deals with up to `limit` events, the oldest first; with `ids`, with those. In one transaction: what they count on their
 * jobs, what is told of them, and their end. A job that is to be paused gets a transaction of its own, so that no two jobs'
 * executions are locked in one. Null when another worker is at it.
 *
 * One worker at a time: with two, a failure and the success after it could be counted the wrong way round.
 */
export async function handleEvents(
  pool: Pool,
  options: { instanceUrl: string | null; limit: number; ids?: string[] },
): Promise<Handled | null> {
  const { instanceUrl, limit, ids } = options
  const first = await pass(pool, instanceUrl, ids ?? limit, ids?.length === 1)
  if (!first) return null
  const { alone, ...handled } = first
  for (const group of alone) {
    const one = await pass(pool, instanceUrl, group, true)
    if (!one) break
    handled.events += one.events
    handled.notifications += one.notifications
    handled.paused.push(...one.paused)
  }
  return handled
}

async function pass(pool: Pool, instanceUrl: string | null, which: string[] | number, mayPause: boolean) {
  return await transaction(pool, async (client): Promise<Pass | null> => {
    const { rows: lock } = await client.query('select pg_try_advisory_xact_lock($1) as locked', [EVENTS_LOCK])
    if (!lock[0]?.locked) return null
    const events = inOrder(await lockEvents(client, which))
    if (events.length === 0) return { events: 0, notifications: 0, paused: [], alone: [] }
    const ofJobs = Map.groupBy(
      events.filter((it) => it.jobId !== null),
      (it) => it.jobId as string,
    )
    const jobs = await lockJobs(client, [...ofJobs.keys()])
    const overtaken = await overtakenFailures(client, events, jobs)
    const after = jobs.map((job) => ({ job, ...aftermathOf(job, ofJobs.get(job.id) ?? [], overtaken) }))

    const [now, later] = [after.filter((it) => mayPause || !it.pause), mayPause ? [] : after.filter((it) => it.pause)]
    const alone = later.map(({ job }) => (ofJobs.get(job.id) ?? []).map(({ id }) => id))
    const left = new Set(alone.flat())
    const done = events.filter(({ id }) => !left.has(id))
    const told = now.flatMap(({ job, notices }) => notificationsOf(job, notices, instanceUrl))
    const ofCircuits = await circuitNotifications(client, done, instanceUrl)
    await countFailures(client, now)
    const notifications = await insertNotifications(client, [...told, ...ofCircuits])
    const paused = await pauseAll(client, now)
    await client.query('delete from events where id = any($1::uuid[])', [done.map(({ id }) => id)])
    return { events: done.length, notifications, paused, alone }
  })
}

const COLUMNS = `e.id, e.type, e.job_id as "jobId", e.execution_id as "executionId", e.destination, e.at, e.data`

async function lockEvents(client: PoolClient, which: string[] | number): Promise<Event[]> {
  const { rows } =
    typeof which === 'number'
      ? await client.query<Event>({
          name: 'oldest-events',
          text: `select ${COLUMNS} from events e order by e.id limit $1 for update skip locked`,
          values: [which],
        })
      : await client.query<Event>(
          `select ${COLUMNS} from unnest($1::uuid[]) as i(id) join events e on e.id = i.id for update of e skip locked`,
          [which],
        )
  return rows
}

/** The jobs of events, locked in order of id. A deleted one is told nothing of, and counts nothing. */
async function lockJobs(client: PoolClient, ids: string[]): Promise<Concerned[]> {
  if (ids.length === 0) return []
  const { rows } = await client.query<Concerned>({
    name: 'jobs-of-events',
    // In order by the array, which the join walks.
    text: `
      select j.id, j.name, j.tags, j.external_id as "externalId", j.version, j.status = 'active' as "isActive",
        j.failed_in_row as "failedInRow", (j.delivery -> 'pauseAfter')::int as "pauseAfter",
        j.delivery -> 'notify' as notify
      from unnest($1::uuid[]) as i(id) join jobs j on j.id = i.id where j.deleted_at is null for update of j`,
    values: [ids.toSorted()],
  })
  return rows
}

function notificationsOf(job: Concerned, notices: Aftermath['notices'], instanceUrl: string | null): NewNotification[] {
  return notices.flatMap((notice) =>
    recipientsOf(notice.type, job.notify, instanceUrl).map((recipient) => ({ ...notice, ...recipient })),
  )
}

async function countFailures(client: PoolClient, after: (Aftermath & { job: Concerned })[]): Promise<void> {
  const changed = after.filter(({ job, failedInRow }) => failedInRow !== job.failedInRow)
  if (changed.length === 0) return
  await client.query({
    name: 'count-failures',
    text: `update jobs j set failed_in_row = c.n from unnest($1::uuid[], $2::int[]) as c(id, n) where j.id = c.id`,
    values: [changed.map(({ job }) => job.id), changed.map(({ failedInRow }) => failedInRow)],
  })
}

async function pauseAll(client: PoolClient, after: (Aftermath & { job: Concerned })[]): Promise<Handled['paused']> {
  const paused: Handled['paused'] = []
  for (const { job, pause: reason } of after) {
    if (reason === null) continue
    await pauseJob(client, job.id, { reason, until: null, missed: null }, () => true)
    paused.push({ jobId: job.id, reason })
  }
  return paused
}

/** Up to `limit` events after the one with the id `after`, the oldest first, each with its job. */
export async function eventsAfter(
  pool: Pool,
  after: string,
  limit: number,
): Promise<{ id: string; jobId: string | null }[]> {
  const { rows } = await pool.query<{ id: string; jobId: string | null }>(
    'select id, job_id as "jobId" from events where id > $1 order by id limit $2',
    [after, limit],
  )
  return rows
}

/** Sets an event aside that can't be dealt with. Returns what is known of it, for the log; null when it is gone already. */
export async function discardEvent(
  pool: Pool,
  id: string,
): Promise<{ type: string; jobId: string | null; executionId: string | null } | null> {
  const { rows } = await pool.query(
    `delete from events where id = $1 returning type, job_id as "jobId", execution_id as "executionId"`,
    [id],
  )
  return rows[0] ?? null
}
