import { describe, expect } from 'vitest'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { begin, byHand, test, untilBlocked } from '../../test/queue.ts'
import type { Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import type { ExecutionRow } from '../schema/executions.ts'
import { executions, jobs } from '../schema/index.ts'
import type { ChangedJobs } from './change-jobs.ts'
import { deleteJob, deleteJobs } from './delete-job.ts'
import { pauseJob, pauseJobs } from './pause-job.ts'
import { resumeJob, resumeJobs } from './resume-job.ts'

const any = () => true
const resume = { missed: 'all' as const, graceSeconds: 900, perSecond: 5 }

type Many = (pool: Pool, ids: string[], boss: Boss) => Promise<ChangedJobs>
type Single = (pool: Pool, id: string, boss: Boss) => Promise<unknown>
const kinds: [string, Many, Single][] = [
  ['deletes', (pool, ids) => deleteJobs(pool, ids, 900), (pool, id) => deleteJob(pool, id, any)],
  ['pauses', (pool, ids) => pauseJobs(pool, ids, () => byHand), (pool, id) => pauseJob(pool, id, byHand, any)],
  [
    'resumes',
    (pool, ids, boss) => resumeJobs(pool, boss, ids, resume),
    (pool, id, boss) => resumeJob(pool, boss, id, { ...resume, matches: any }),
  ],
]
const removals = kinds.slice(0, 2)

/** Jobs in every situation, and what they have under way; again and again the same but for their ids. */
function situations() {
  const due = { policies: { overlap: 'queue_all' as const } }
  const long = { nextRunAt: ago(10_000) }
  const all = [
    job(),
    job({ ...long, cursorAt: ago(10_001), ...due }),
    job({ nextRunAt: ahead(3_600), policies: { jitterSeconds: 30 }, tags: ['a'] }),
    job({ status: 'paused', statusReason: 'why', cursorAt: ago(10_001), ...due }),
    job({ status: 'paused', pausedUntil: ahead(60), resumeMissed: 'last', policies: { overlap: 'cancel_running' } }),
    job({ status: 'completed' }),
    job({ status: 'quarantined' }),
    job({ deletedAt: ago(5) }),
  ]
  const pending = all.flatMap(({ id: jobId }) => [
    execution({ jobId: jobId as string, scheduledFor: ago(20_000) }),
    execution({ jobId: jobId as string, scheduledFor: ago(20_001), state: 'parked', reason: 'circuit_open' }),
    execution({ jobId: jobId as string, scheduledFor: ago(20_002), state: 'running', claimedAt: ago(9) }),
    execution({ jobId: jobId as string, scheduledFor: ago(20_003), state: 'succeeded' }),
  ])
  return { all, pending }
}

const problemOf = (error: unknown) => (error as { code?: string }).code ?? String(error)

/** Everything that the change left, without what differs from one run to the next. */
async function left(pool: Pool): Promise<unknown> {
  const { rows: jobRows } = await pool.query(
    `select status, status_reason, version, next_scheduled_for, cursor_at, runs, paused_at = updated_at as paused,
       paused_until, resume_missed, completed_at = updated_at as completed, deleted_at = updated_at as deleted
     from jobs order by id`,
  )
  const { rows: ledger } = await pool.query(
    `select dense_rank() over (order by job_id) as job, kind, state, reason, scheduled_for, scheduled_until, count,
       job_version, attempt, behind, finished_at is null as live, item_id is not null as queued
     from executions order by job_id, scheduled_for, kind`,
  )
  const { rows: versions } = await pool.query(
    `select v.version, v.status, v.status_reason, v.valid_to = j.updated_at as follows
     from job_versions v join jobs j on j.id = v.job_id order by v.job_id, v.version`,
  )
  const { rows: items } = await pool.query(`select count(*)::int as n from pgboss.job where state < 'completed'`)
  return { jobRows, ledger, versions, items }
}

describe.for(kinds)('%s of many', ([, many, single]) => {
  test('leave what as many of one leave, in the jobs, the ledger, the versions and the queue', async ({
    db,
    pool,
    boss,
  }) => {
    const { all, pending } = situations()
    const ids = all.map((it) => it.id as string)
    const fill = async () => {
      await pool.query('truncate jobs, executions, job_versions; delete from pgboss.job')
      await db.insert(jobs).values(all)
      await db.insert(executions).values(pending)
    }
    await fill()
    const one: [string, string | null][] = []
    for (const id of ids) one.push([id, await single(pool, id, boss).then(() => null, problemOf)])
    const wanted = await left(pool)
    await fill()
    const { results } = await many(pool, ids, boss)

    expect([...results].map(([id, problem]) => [id, problem?.code ?? null]).sort()).toEqual(one.sort())
    expect(await left(pool)).toEqual(wanted)
  })

  test('pass over a job that somebody holds, and tell it from one that is not there', async ({ db, pool, boss }) => {
    const three = [job({ status: 'paused' }), job({ status: 'paused' }), job()]
    const [a = '', b = '', absent = ''] = three.map((it) => it.id as string)
    await db.insert(jobs).values(three.slice(0, 2))
    const holder = await begin(pool)
    await holder.query('select from jobs where id = $1 for update', [a])
    const { results } = await many(pool, [a, b, absent], boss)
    expect([...results.keys()].sort()).toEqual([b, absent].sort())
    expect(results.get(b)).toBeNull()
    expect(results.get(absent)).toMatchObject({ code: 'job-not-found' })
    const { rows } = await pool.query('select version from jobs where id = $1', [a])
    expect(rows).toEqual([{ version: 1 }])
  })
})

describe.for(removals)('%s of many', ([, many]) => {
  test('wait for a claim under way, leave its attempt alone, and say how long it may not be on the wire', async ({
    db,
    pool,
    boss,
  }) => {
    const [one, other] = [job(), job()]
    await db.insert(jobs).values([one, other])
    const claimed = execution({ jobId: one.id as string })
    await db.insert(executions).values([claimed, execution({ jobId: other.id as string })])
    const claim = await begin(pool)
    await claim.query('select from executions where id = $1 for update', [claimed.id])
    const changed = many(pool, [one.id as string, other.id as string], boss)
    await untilBlocked(pool, 1)
    // What a claim does after it has its execution: it reads the job, which is not changed yet for anyone else.
    const seen = await claim.query(`select from jobs where id = $1 and deleted_at is null and status = 'active'`, [
      one.id,
    ])
    expect(seen.rowCount).toBe(1)
    await claim.query(
      `update executions set state = 'running', attempt = 1, claimed_at = clock_timestamp() where id = $1`,
      [claimed.id],
    )
    await claim.query('commit')
    expect((await changed).sendingMs).toBeGreaterThan(100)
    const states = (await db.select().from(executions)).map((it: ExecutionRow) => [it.jobId, it.state])
    expect(Object.fromEntries(states)).toEqual({ [one.id as string]: 'running', [other.id as string]: 'cancelled' })
  })

  test('lock executions in order of id, so that no claim and they wait for each other', async ({ db, pool, boss }) => {
    // By job and by time the second comes first.
    const two = [job(), job()]
    const [early = '', late = ''] = two.map((it) => it.id as string)
    await db.insert(jobs).values(two)
    const [first, second] = [execution({ jobId: late }), execution({ jobId: early, scheduledFor: ago(9) })]
    await db.insert(executions).values([second, first])
    const claim = await begin(pool)
    await claim.query('select from executions where id = $1 for update', [first.id])
    const changed = many(pool, [early, late], boss)
    await untilBlocked(pool, 1)
    const { rowCount } = await claim.query('select from executions where id = $1 for update skip locked', [second.id])
    await claim.query('rollback')
    expect(rowCount).toBe(1)
    await changed
  })
})
