import type { DrainOrder } from '@scheduler/core/circuit'
import { expect, onTestFinished } from 'vitest'
import { partsOf } from '../../test/explaining.ts'
import { ago, ahead, execution } from '../../test/factories.ts'
import { analyzeLedger } from '../../test/partitions.ts'
import { begin, queueItems, test } from '../../test/queue.ts'
import { createPool, type Pool } from '../client.ts'
import type { Boss } from '../queue.ts'
import { executions } from '../schema/index.ts'
import { dispatchHeld } from './dispatch-held.ts'
import { createTurns, inTurn, NO_JOB, oneEach, type Turns } from './in-turn.ts'

const destination = 'http://busy.test'
const list = { column: 'destination', is: '$4', where: 'reason = $3' } as const
const busy = { state: 'parked', reason: 'destination_busy', destination, nextAttemptAt: ahead(60) } as const
const job = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const [a, b, c] = [job(1), job(2), job(3)]

/** Parks executions of these jobs, each later than the one before. */
async function park(pool: Pool, jobs: string[]): Promise<void> {
  for (const [i, jobId] of jobs.entries()) {
    const row = execution({ ...busy, jobId, scheduledFor: ago(1_000 - i) })
    await pool.query(
      `insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at,
         next_attempt_at, destination) values ($1, $2, 1, 'schedule', 'parked', 'destination_busy', $3, $3, $3, $4, $5)`,
      [row.id, jobId, row.scheduledFor, row.nextAttemptAt, destination],
    )
  }
}

async function release(
  pool: Pool,
  boss: Boss,
  limit: number,
  turns: Turns,
  order: DrainOrder = 'oldest',
): Promise<string[]> {
  const before = new Set((await queueItems(pool)).map((it) => it.execution))
  const parked = { destination, reason: 'destination_busy', order } as const
  await dispatchHeld(pool, boss, { limit, parked, turns })
  const items = (await queueItems(pool)).filter((it) => !before.has(it.execution))
  const { rows } = await pool.query('select id, job_id from executions')
  return items.map((it) => rows.find(({ id }) => id === it.execution).job_id).sort()
}

test('one of each job in turn is released, whatever another has parked before', async ({ pool, boss }) => {
  await park(pool, [a, a, a, a, a, a, b, c, c])
  expect(await release(pool, boss, 3, createTurns())).toEqual([a, b, c])
})

test('the next call goes on after the job that was served last', async ({ pool, boss }) => {
  await park(pool, [a, a, a, b, b, c, c])
  const turns = createTurns()
  expect(await release(pool, boss, 1, turns)).toEqual([a])
  expect(await release(pool, boss, 1, turns)).toEqual([b])
  expect(await release(pool, boss, 2, turns)).toEqual([a, c])
  expect(await release(pool, boss, 2, turns)).toEqual([b, c])
})

test('what jobs with few leave of their share goes to the others', async ({ pool, boss }) => {
  await park(pool, [a, b, c, c, c, c, c, c])
  expect(await release(pool, boss, 6, createTurns())).toEqual([a, b, c, c, c, c])
})

test('whichever way jobs in turn are found, each call releases the same', async ({ pool, boss }) => {
  // Many jobs with one each, some with a few, and one that has most.
  const jobs = Array.from({ length: 120 }, (_, n) => job(n < 60 ? 100 + n : n < 90 ? 140 + (n % 20) : 500))
  const calls = async (prepare: (turns: Turns) => void) => {
    await pool.query('truncate executions cascade; truncate pgboss.job')
    await park(pool, jobs)
    const turns = createTurns()
    const done: string[][] = []
    for (const limit of [7, 7, 20, 3, 20, 20, 1, 40, 2, 5]) {
      prepare(turns)
      done.push(await release(pool, boss, limit, turns))
    }
    return done
  }
  let stretches = 0
  const mixed = await calls((turns) => {
    stretches += turns.mixed.size === 0 ? 1 : 0
  })
  expect(stretches).toBeGreaterThan(2)
  expect(await calls((turns) => void turns.mixed.add(`destination_busy ${destination}`))).toEqual(mixed)
})

test('within a job the oldest goes first, or the newest where that is asked for', async ({ db, pool, boss }) => {
  await park(pool, [a, a, a])
  await release(pool, boss, 1, createTurns(), 'newest')
  await release(pool, boss, 1, createTurns())

  const rows = await db.query.executions.findMany({ orderBy: (t) => t.scheduledFor })
  expect(rows.map((row) => row.state)).toEqual(['queued', 'parked', 'queued'])
})

test('what another caller has locked is passed over, and does not end the list', async ({ pool, boss }) => {
  await park(pool, [a, b, c])
  const other = await begin(pool)
  const parked = { destination, reason: 'destination_busy', order: 'oldest' } as const
  await dispatchHeld(other, boss, { limit: 2, parked, turns: createTurns() })

  expect(await release(pool, boss, 2, createTurns())).toEqual([c])
  await other.query('commit')
})

test('among a hundred thousand of one job and a few of others, no more are read than are released', async ({
  pool,
  databaseUrl,
}) => {
  const own = createPool(databaseUrl, { max: 1, steadyPlans: true })
  onTestFinished(() => own.end())
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at,
       next_attempt_at, destination)
     select gen_random_uuid(), case when n % 5000 = 0 then gen_random_uuid() else $1::uuid end, 1, 'schedule', 'parked',
       'destination_busy', now() - n * interval '1 second', now(), now(), now(), $2 from generate_series(1, 100000) as n`,
    [a, destination],
  )
  await analyzeLedger(pool)
  const explain = `explain (analyze, format json) with recursive ${inTurn(list)} select * from turn`
  const { rows } = await own.query(explain, [40, a, 'destination_busy', destination])

  const read = rowsRead(rows[0]['QUERY PLAN'][0].Plan)
  const parts = await partsOf(pool)
  const indexes = [...read.scans].map((name) => parts.get(name)?.whole ?? name)
  expect(new Set(indexes)).toEqual(new Set(['executions_parked_by_job']))
  // A hop for each of the 21 jobs, and one that finds no more; then what is locked.
  expect(read.rows).toBeLessThanOrEqual(130)
})

interface Node {
  'Index Name'?: string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: Node[]
}

function rowsRead(node: Node, found = { rows: 0, scans: new Set<string>() }) {
  if (node['Relation Name']) {
    found.rows += (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
    found.scans.add(node['Index Name'] ?? `a scan of ${node['Relation Name']}`)
  }
  for (const child of node.Plans ?? []) rowsRead(child, found)
  return found
}

test('none of an empty list', async ({ db, pool, boss }) => {
  await db.insert(executions).values(execution({ ...busy, reason: 'circuit_open' }))
  expect(await release(pool, boss, 5, createTurns())).toEqual([])
})

test.for([
  ['job by job', `recursive ${inTurn(list)}`],
  ['in one stretch', oneEach(list)],
])(
  '%s: a worker that planned it while the table was empty reads no more of ten thousand that come at once',
  async ([, chosen], { pool, databaseUrl }) => {
    const own = createPool(databaseUrl, { max: 1, steadyPlans: true })
    onTestFinished(() => own.end())
    await own.query('set plan_cache_mode = force_generic_plan')
    await own.query(`prepare chosen (int, uuid, execution_reason, text) as with ${chosen} select * from turn`)
    const values = `(40, '${NO_JOB}', 'destination_busy', '${destination}')`
    await own.query(`execute chosen ${values}`)
    await pool.query(
      `insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at,
       next_attempt_at, destination)
     select gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'parked', 'destination_busy', now(), now(), now(), now(), $1
     from generate_series(1, 10000)`,
      [destination],
    )
    const { rows } = await own.query(`explain (analyze, format json) execute chosen ${values}`)

    const read = rowsRead(rows[0]['QUERY PLAN'][0].Plan)
    expect(read.rows).toBeLessThanOrEqual(130)
  },
)
