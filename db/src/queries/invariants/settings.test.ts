import { expect, onTestFinished, vi } from 'vitest'
import { brokenSettings } from '../../../test/broken-settings.ts'
import { test } from '../../../test/queue.ts'
import { violations } from '../../../test/violations.ts'
import { createPool, type Pool } from '../../client.ts'
import { checkInvariants } from '../check-invariants.ts'
import { invariants } from './all.ts'
import { connectionsLeft } from './settings.ts'

const given = { keys: null, deadLetterDays: 90 }
const check = async (pool: Pool, name: string) => {
  const [checked] = await checkInvariants(
    pool,
    invariants.filter((it) => it.name === name),
    given,
  )
  return checked?.findings.map(({ what }) => what)
}

test.for(Object.entries(brokenSettings))(
  '%s: a violation is found, and nothing before and after',
  async ([name, violate], { pool, boss }) => {
    expect(await check(pool, name)).toEqual([])
    const { says, undo = [] } = await violate(pool, boss)
    try {
      expect(await check(pool, name)).toEqual([expect.stringMatching(says)])
    } finally {
      for (const statement of undo) await pool.query(statement)
    }
    expect(await check(pool, name)).toEqual([])
  },
)

test('a schema that is older than this version is told from one that is newer', async ({ pool }) => {
  const schema = 'drizzle.__drizzle_migrations'
  const { rows } = await pool.query(`delete from ${schema} where id = (select max(id) from ${schema}) returning *`)
  expect(await check(pool, 'schema of this version')).toEqual([
    'the schema of the scheduler is older than this version',
  ])
  await pool.query(`insert into ${schema} (hash, created_at) values ($1, $2)`, [rows[0].hash, rows[0].created_at])
  expect(await check(pool, 'schema of this version')).toEqual([])
})

test('commits that a crash may take back are found', async ({ pool, databaseUrl }) => {
  const name = new URL(databaseUrl).pathname.slice(1)
  const own = createPool(databaseUrl, { max: 1 })
  await pool.query(`alter database ${name} set synchronous_commit = off`)
  expect(await check(own, 'commits are durable')).toContain('synchronous_commit is off')
  await own.end()
  const fresh = createPool(databaseUrl, { max: 1 })
  onTestFinished(() => fresh.end())
  await pool.query(`alter database ${name} set synchronous_commit = on`)
  expect(await check(fresh, 'commits are durable')).not.toContain('synchronous_commit is off')
})

test('connections without the plans of a worker are found', async ({ pool, databaseUrl }) => {
  expect(await check(pool, 'plans steady')).toContain('plan_cache_mode is not as it was asked for')
  const steady = createPool(databaseUrl, { max: 1, steadyPlans: true })
  onTestFinished(() => steady.end())
  expect(await check(steady, 'plans steady')).toEqual([])
})

test('connections that are nearly all taken are found', async ({ pool }) => {
  const taken = async (share: number) => (await checkInvariants(pool, [connectionsLeft(share)], given))[0]?.findings
  expect(await taken(0)).toMatchObject([{ what: expect.stringMatching(/^\d+ of \d+ connections are taken$/) }])
  expect(await taken(1)).toEqual([])
})

test('a clock that is not the database’s is found', async ({ pool }) => {
  expect(await check(pool, 'clocks agree')).toEqual([])
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
  onTestFinished(() => void vi.useRealTimers())
  expect(await check(pool, 'clocks agree')).toEqual([expect.stringMatching(/^this machine is 60\.\d s ahead of/)])
})

test('each invariant has been seen to find something', () => {
  const elsewhere = [
    'workers beat',
    'commits are durable',
    'plans steady',
    'connections left',
    'clocks agree',
    'partitions ahead',
  ]
  const seen = [...Object.keys(violations), ...Object.keys(brokenSettings), ...elsewhere]
  expect(invariants.map(({ name }) => name).sort()).toEqual(seen.sort())
})

test('a ledger without a partition for tomorrow is found', async ({ pool }) => {
  expect(await check(pool, 'partitions ahead')).toEqual([])
  const { rows } = await pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits
     where inhparent = 'executions'::regclass and inhrelid <> 'executions_default'::regclass order by 1 desc limit 2`,
  )
  for (const { name } of rows) await pool.query(`drop table ${name}`)
  expect(await check(pool, 'partitions ahead')).toEqual([expect.stringMatching(/^the last partition ends at/)])
})
