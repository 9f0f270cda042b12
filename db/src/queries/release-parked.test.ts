import { expect } from 'vitest'
import { ago, ahead, execution, job } from '../../test/factories.ts'
import { queueItems, test, worker } from '../../test/queue.ts'
import type { Db, Pool } from '../client.ts'
import { type DestinationRow, destinations, executions, jobs } from '../schema/index.ts'
import { releaseParked } from './release-parked.ts'
import { reportOutcomes } from './report-outcomes.ts'
import { readCircuits } from './shared-circuits.ts'

const HERE = 'http://down.test'
const options = { destination: HERE, reason: 'circuit_open', limit: 10, ramp: { perSecond: 20 } } as const

async function park(db: Db, count: number, fields: Partial<typeof jobs.$inferInsert> = {}, perJob = 1) {
  for (let n = 0; n < count; n += 1) {
    const row = job({ type: 'once', destination: HERE, ...fields })
    await db.insert(jobs).values(row)
    const one = (i: number) =>
      execution({
        jobId: row.id,
        state: 'parked',
        reason: 'circuit_open',
        destination: HERE,
        scheduledFor: ago(100 - i),
      })
    await db.insert(executions).values(Array.from({ length: perJob }, (_, i) => one(i)))
  }
}

async function circuit(db: Db, fields: Partial<DestinationRow>) {
  const open = { state: 'open', openedAt: ago(60), failures: 5 } as const
  await db.insert(destinations).values({ destination: HERE, updatedAt: ago(1), ...open, ...fields })
}

const states = async (pool: Pool) =>
  (await pool.query(`select state::text, reason::text, count(*)::int as n from executions group by 1, 2 order by n, 1`))
    .rows

test('an open circuit keeps everything back until its time is up, and says when that is', async ({
  db,
  pool,
  boss,
}) => {
  await park(db, 3)
  await circuit(db, { retryAt: ahead(30) })
  const released = await releaseParked(pool, boss, options)
  expect(released).toMatchObject({ count: 0, more: true, circuit: { state: 'open' } })
  expect(released.waitMs).toBeGreaterThan(25_000)
  expect(await queueItems(pool)).toEqual([])
})

test('one that was opened by hand keeps everything back', async ({ db, pool, boss }) => {
  await park(db, 1)
  await circuit(db, { retryAt: null })
  expect(await releaseParked(pool, boss, options)).toMatchObject({ count: 0, waitMs: null })
  expect(await queueItems(pool)).toEqual([])
})

test('of all workers that ask once its time is up, one lets one execution go, as the probe', async ({
  db,
  pool,
  boss,
}) => {
  await park(db, 5)
  await circuit(db, { retryAt: ago(1) })
  const released = await Promise.all(Array.from({ length: 8 }, () => releaseParked(pool, boss, options)))
  expect(released.reduce((sum, it) => sum + it.count, 0)).toBe(1)
  const [item] = await queueItems(pool)
  expect(await queueItems(pool)).toHaveLength(1)
  expect(await readCircuits(pool, [HERE])).toMatchObject([{ state: 'half_open', probeId: item?.execution }])
  expect(await states(pool)).toEqual([
    { state: 'queued', reason: 'circuit_probe', n: 1 },
    { state: 'parked', reason: 'circuit_open', n: 4 },
  ])
  expect((await releaseParked(pool, boss, options)).count).toBe(0)
})

test('a claim tells its probe from the others, gives it the word for as long as it may take, and once lost it is an execution like any', async ({
  db,
  pool,
  boss,
}) => {
  await park(db, 1, { delivery: { timeoutSeconds: 100 } })
  await circuit(db, { retryAt: ago(1) })
  await releaseParked(pool, boss, options)
  const seen: unknown[] = []
  const { claims } = await worker(pool, boss).claim(({ circuit: found }) => {
    seen.push(found?.isProbe)
    return 'send'
  })
  expect([seen, claims[0]?.isProbe]).toEqual([[true], true])
  const [half] = await readCircuits(pool, [HERE])
  expect(Number(half?.probeUntil) - Date.now()).toBeGreaterThan(110_000)
  await pool.query(`update destinations set probe_until = now() - interval '1 s', probe_id = null`)
  await pool.query(`update executions set state = 'queued'`)
  await pool.query(`update pgboss.job set state = 'retry' where name = 'deliver'`)
  await worker(pool, boss).claim(({ circuit: found }) => {
    seen.push(found?.isProbe)
    return { reason: 'circuit_open', at: ahead(60) }
  })
  expect(seen).toEqual([true, false])
})

test('a probe that was lost is followed by another once its word has run out', async ({ db, pool, boss }) => {
  await park(db, 2)
  await circuit(db, { state: 'half_open', retryAt: ago(20), probeId: execution().id ?? null, probeUntil: ago(1) })
  expect((await releaseParked(pool, boss, options)).count).toBe(1)
})

test('what is drained goes on the ramp, counted for all workers, and the drain ends with the last', async ({
  db,
  pool,
  boss,
}) => {
  await park(db, 60)
  await circuit(db, { state: 'closed', openedAt: null, failures: 0, drainingSince: ago(1) })
  const all = await Promise.all(Array.from({ length: 8 }, () => releaseParked(pool, boss, { ...options, limit: 100 })))
  const first = all.reduce((sum, it) => sum + it.count, 0)
  // One at once and 23 in the first second; a test that runs slowly may see some more of the second one.
  expect(first).toBeGreaterThanOrEqual(24)
  expect(first).toBeLessThan(60)
  expect(all.every((it) => it.more && (it.waitMs ?? 0) > 0)).toBe(true)
  await pool.query(`update destinations set draining_since = now() - interval '10 s'`)
  expect((await releaseParked(pool, boss, { ...options, limit: 100 })).count).toBe(60 - first)
  expect(await readCircuits(pool, [HERE])).toMatchObject([{ drainingSince: null, drained: 60 }])
})

test('a circuit that closes anew begins its ramp anew', async ({ db, pool, boss }) => {
  await park(db, 30)
  const probeId = execution().id ?? null
  await circuit(db, { state: 'half_open', probeId, probeUntil: ahead(9), drained: 25 })
  const report = {
    destination: HERE,
    succeeded: true,
    failures: 0,
    probe: { id: String(probeId), isUp: true, wasSent: true },
  }
  await reportOutcomes(pool, [report], { failMax: 5, resetMs: 60_000 })
  expect((await releaseParked(pool, boss, options)).count).toBeGreaterThanOrEqual(1)
  expect((await readCircuits(pool, [HERE]))[0]?.drained).toBeLessThan(25)
})

test('the newest go first where that is how it is drained', async ({ db, pool, boss }) => {
  await park(db, 1, {}, 3)
  await circuit(db, { state: 'closed', openedAt: null, drainingSince: ago(0), drainOrder: 'newest' })
  await releaseParked(pool, boss, { ...options, limit: 1 })
  const { rows } = await pool.query(`select state = 'queued' as sent from executions order by scheduled_for desc`)
  expect(rows.map((it) => it.sent)).toEqual([true, false, false])
})

test('what is late and has the misfire policy skip is left out, and said to have been missed', async ({
  db,
  pool,
  boss,
}) => {
  await park(db, 2, { type: 'interval', policies: { misfire: { policy: 'skip' } } })
  await park(db, 1)
  await circuit(db, { state: 'closed', openedAt: null, drainingSince: ago(60) })
  expect(await releaseParked(pool, boss, options)).toMatchObject({ count: 1, more: false })
  expect(await states(pool)).toEqual([
    { state: 'queued', reason: null, n: 1 },
    { state: 'skipped', reason: 'missed_grace', n: 2 },
  ])
})

test('a destination without a circuit lets go as many as are asked for', async ({ db, pool, boss }) => {
  await park(db, 4)
  expect(await releaseParked(pool, boss, { ...options, limit: 3 })).toMatchObject({
    count: 3,
    more: true,
    circuit: null,
  })
  expect(await releaseParked(pool, boss, { ...options, limit: 3 })).toMatchObject({ count: 1, more: false })
})
