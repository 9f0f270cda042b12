import { expect } from 'vitest'
import { test } from '../../test/database.ts'
import { explaining } from '../../test/explaining.ts'
import type { Pool } from '../client.ts'
import { MOST_COUNTED, MOST_COUNTED_OF_EACH, MOST_COUNTED_OF_LIST } from './count-parked.ts'
import { listFlows } from './flow-limits.ts'
import { type Circuit, listCircuits, readCircuit } from './list-circuits.ts'

/** Parks so many executions for a destination. */
async function park(pool: Pool, destination: string, count: number, reason = 'circuit_open'): Promise<void> {
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at, next_attempt_at,
       destination)
     select gen_random_uuid(), gen_random_uuid(), 1, 'schedule', 'parked', $3::execution_reason, now(), now(), now(), now(), $1
     from generate_series(1, $2)`,
    [destination, count, reason],
  )
}

async function open(pool: Pool, destinations: string[]): Promise<void> {
  await pool.query(
    `insert into destinations (destination, state, failures, opened_at, updated_at)
     select d, 'open', 5, now(), now() from unnest($1::text[]) as d`,
    [destinations],
  )
}

test('those that failed and those with something parked come in pages, in order of name, each once', async ({
  pool,
}) => {
  await open(pool, ['http://a.test', 'http://c.test', 'http://e.test'])
  for (const name of ['b', 'c', 'd']) await park(pool, `http://${name}.test`, 2)
  for (const name of ['d', 'f']) await park(pool, `http://${name}.test`, 3, 'destination_busy')
  const found: Circuit[] = []
  let after: string | null = null
  do {
    const { rows, last } = await listCircuits(pool, { limit: 2, after })
    expect(rows.length).toBeLessThanOrEqual(2)
    found.push(...rows)
    after = last
  } while (after)
  expect(found.map(({ destination, parked }) => [destination.at(7), parked])).toEqual([
    ...[
      ['a', 0],
      ['b', 2],
      ['c', 2],
      ['d', 5],
      ['e', 0],
      ['f', 3],
    ],
  ])
})

test('what is parked is counted up to a bound, and said to be more than that', { timeout: 60_000 }, async ({
  databaseUrl,
  pool,
}) => {
  await park(pool, 'http://a.test', 30_000)
  await park(pool, 'http://b.test', MOST_COUNTED_OF_EACH)
  await park(pool, 'http://c.test', MOST_COUNTED)
  const { rows } = await listCircuits(pool, { limit: 10, after: null })
  const counted = rows.map(({ parked, parkedIsLowerBound }) => [parked, parkedIsLowerBound])
  expect(counted).toEqual([
    [MOST_COUNTED_OF_EACH, true],
    [MOST_COUNTED_OF_EACH, false],
    [MOST_COUNTED_OF_EACH, true],
  ])
  const shown = (name: string) => readCircuit(pool, `http://${name}.test`)
  expect(await shown('a')).toMatchObject({ state: 'closed', parked: MOST_COUNTED, parkedIsLowerBound: true })
  expect(await shown('c')).toMatchObject({ parked: MOST_COUNTED, parkedIsLowerBound: false })
  expect(await shown('d')).toBeNull()
  expect(await listFlows(pool, 'destination', { only: 'http://a.test' })).toMatchObject([
    { parked: MOST_COUNTED, parkedIsLowerBound: true },
  ])

  const explained = explaining(databaseUrl, { analyze: true })
  await listCircuits(explained.pool, { limit: 10, after: null }).finally(() => explained.end())
  // Five entries are hopped over, and none is read of the 39,000 that are over the bound.
  expect(explained.reads.rows).toBeLessThanOrEqual(3 * (MOST_COUNTED_OF_EACH + 1) + 50)
})

test('of the many destinations of a long list no more are counted together than of those of a short one', {
  timeout: 60_000,
}, async ({ databaseUrl, pool }) => {
  const names = Array.from({ length: 100 }, (_, n) => `http://${String(n).padStart(2, '0')}.test`)
  await open(pool, names)
  const [few = '', ...many] = names
  for (const name of many) await park(pool, name, 250)
  await park(pool, few, 39)
  const lists = {
    circuits: async (on: Pool, limit: number) => (await listCircuits(on, { limit, after: null })).rows,
    // One more than are shown, as the API asks for them.
    flows: async (on: Pool, limit: number) => await listFlows(on, 'destination', { limit: limit + 1, after: null }),
  }
  for (const [name, list] of Object.entries(lists)) {
    const counted = async (limit: number) =>
      (await list(pool, limit)).map(({ parked, parkedIsLowerBound }) => [parked, parkedIsLowerBound])
    expect(await counted(500), name).toEqual([[39, false], ...many.map(() => [39, true])])
    expect(await counted(100), name).toEqual([[39, false], ...many.map(() => [198, true])])
    expect((await counted(19)).slice(0, 2), name).toEqual([
      [39, false],
      [250, false],
    ])

    const explained = explaining(databaseUrl, { analyze: true })
    await list(explained.pool, 100).finally(() => explained.end())
    // Besides, each destination is hopped over and has a row of its own.
    expect(explained.reads.rows, name).toBeLessThanOrEqual(MOST_COUNTED_OF_LIST + 6 * names.length)
  }
})
