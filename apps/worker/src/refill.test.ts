import { createDb, type Pool } from '@scheduler/db/client'
import { createDbClock } from '@scheduler/db/db-clock'
import { limitFlow } from '@scheduler/db/queries/flow-limits'
import type { Boss } from '@scheduler/db/queue'
import { destinations as circuits, executions, jobs } from '@scheduler/db/schema/index'
import { ago, ahead, execution, job } from '@scheduler/db/test/factories'
import { test } from '@scheduler/db/test/queue'
import { expect, onTestFinished } from 'vitest'
import { attempts, createOnceJobs, many } from '../test/jobs.ts'
import { startParts } from '../test/parts.ts'
import { startReceiver } from '../test/receiver.ts'
import { until } from '../test/until.ts'
import { createDestinations } from './destinations.ts'
import { createRefill } from './refill.ts'

const names = (count: number) => Array.from({ length: count }, (_, n) => `http://d${n}.test`)

async function park(pool: Pool, list: string[], reason: 'circuit_open' | 'destination_busy', each: number) {
  const rows = list.map((destination) => job({ destination, nextRunAt: ahead(900) }))
  await createDb(pool).insert(jobs).values(rows)
  const one = (row: (typeof rows)[number], n: number) =>
    execution({ ...{ jobId: row.id, destination: row.destination, state: 'parked', reason }, scheduledFor: ago(9 + n) })
  const parked = rows.flatMap((row) => Array.from({ length: each }, (_, n) => one(row, n)))
  await createDb(pool).insert(executions).values(parked)
}

const queued = async (pool: Pool) => {
  const { rows } = await pool.query(`select destination from executions where state = 'queued' order by 1`)
  return rows.map((row) => row.destination)
}

async function refilling(pool: Pool, boss: Boss, list: string[]) {
  const clock = createDbClock()
  await clock.refresh(pool)
  const destinations = createDestinations({ concurrency: 10, failMax: 5, resetMs: 60_000, onOutcome: () => {} })
  for (const destination of list) destinations.expect(destination)
  const launcher = { held: () => 0 }
  return createRefill({ pool, boss, clock, destinations, launcher, holdMost: 1, ramp: { perSecond: 1_000 } })
}

test('a pass whose time is up is gone on with by the next, so that each destination has its turn', async ({
  pool,
  boss,
}) => {
  const list = names(4)
  await park(pool, list, 'destination_busy', 3)
  const refill = await refilling(pool, boss, list)

  for (let n = 0; n < 4; n += 1) expect(await refill(0)).toEqual({ count: 1, all: false })

  expect(await queued(pool)).toEqual(list)
  expect(await refill(60_000)).toEqual({ count: 4, all: true })
})

test('hundreds of destinations that are paused while their circuits are open make nothing else late', {
  timeout: 60_000,
}, async ({ pool, databaseUrl }) => {
  const list = names(400)
  await park(pool, list, 'circuit_open', 1)
  const open = { state: 'open', openedAt: ago(60), retryAt: ago(1), failures: 5, updatedAt: ago(1) } as const
  await createDb(pool)
    .insert(circuits)
    .values(list.map((destination) => ({ destination, ...open })))
  for (const flow of list) await limitFlow(pool, 'destination', flow, { rate: null, concurrency: null, paused: true })
  const receiver = await startReceiver()
  onTestFinished(receiver.close)
  const parts = await startParts(databaseUrl)
  onTestFinished(() => parts.close())
  for (const { destination } of await parts.claimer.discover()) parts.keeper.ask(destination)

  const jobsOf = many(60, { url: `${receiver.origin}/` })
  await createOnceJobs(
    pool,
    jobsOf.map((it, n) => ({ ...it, inMs: 1_500 + 50 * n })),
  )
  await until('all to be sent', async () => (await attempts(pool)).length === 60, 30_000)

  const { rows } = await pool.query<{ late: number }>(
    `select extract(epoch from max(a.started_at - e.scheduled_for))::float8 * 1000 as late
     from attempts a join executions e on e.id = a.execution_id`,
  )
  expect(rows[0]?.late).toBeLessThan(1_000)
  expect(await queued(pool)).toEqual([])
})
