import { createDb, type Pool } from '@scheduler/db/client'
import { executions, jobs } from '@scheduler/db/schema/index'
import { test } from '@scheduler/db/test/database'
import { ago, execution, job } from '@scheduler/db/test/factories'
import { expect, onTestFinished } from 'vitest'
import { createLog } from '../test/log.ts'
import { until } from '../test/until.ts'
import { startPruner } from './pruner.ts'

/** A listener that counts how often it was asked, and a pruner that asks it again and again. */
function start(pool: Pool, perJob: number | null, leads: boolean) {
  const { log, lines } = createLog()
  const listener = { leads, looks: 0 }
  const asked = {
    get leads() {
      listener.looks += 1
      return listener.leads
    },
  }
  const pruner = startPruner({ pool, listener: asked, log, perJob, lookMs: 5 })
  onTestFinished(() => pruner.stop())
  const twoMoreLooks = async () => {
    const before = listener.looks
    await until('it to look', () => listener.looks >= before + 2)
  }
  return { pruner, listener, lines, twoMoreLooks }
}

async function insertFive(pool: Pool) {
  const row = job()
  const db = createDb(pool)
  await db.insert(jobs).values(row)
  const five = [5, 4, 3, 2, 1].map((n) =>
    execution({ jobId: row.id as string, state: 'succeeded', scheduledFor: ago(600 + n) }),
  )
  await db.insert(executions).values(five)
}

const count = (pool: Pool) => createDb(pool).$count(executions)

test('the worker that leads prunes what comes to be too much, again and again; another does not', async ({ pool }) => {
  await insertFive(pool)
  const { listener, lines, twoMoreLooks } = start(pool, 2, false)
  await twoMoreLooks()
  expect(await count(pool)).toBe(5)

  listener.leads = true
  await until('two to be left', async () => (await count(pool)) === 2)
  await until('it to be said', () =>
    lines.find(({ msg }) => msg === 'surplus pruned' && Number(lines[0]?.executions) === 3),
  )
  await insertFive(pool)
  await until('two of each to be left', async () => (await count(pool)) === 4)
})

test('without bounds it leaves all there is, and a database that is away is said once', async ({ pool }) => {
  await insertFive(pool)
  const { twoMoreLooks, listener } = start(pool, null, true)
  await twoMoreLooks()
  expect(await count(pool)).toBe(5)
  listener.leads = false

  const away = { query: () => Promise.reject(new Error('away')) } as unknown as Pool
  const other = start(away, 2, true)
  await other.twoMoreLooks()
  await other.twoMoreLooks()
  expect(other.lines).toMatchObject([{ level: 40, msg: 'pruning failed, trying again', reason: 'away' }])
})
