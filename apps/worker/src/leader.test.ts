import { startListener } from '@scheduler/db/listener'
import { CRASH_BUDGET } from '@scheduler/db/queue'
import { loseWorker, queueItems, queueUp, test, worker } from '@scheduler/db/test/queue'
import { expect, onTestFinished } from 'vitest'
import { attempts, ledger, states } from '../test/jobs.ts'
import { createLog } from '../test/log.ts'
import { startProxy } from '../test/proxy.ts'
import { until } from '../test/until.ts'
import { reconcilePass, startLeader } from './leader.ts'

test('an execution whose attempts kill one worker after another fails as worker_crashed once the budget is spent', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss)
  const { log, lines } = createLog()
  for (let lost = 1; lost <= CRASH_BUDGET + 1; lost += 1) {
    const { claims } = await worker(pool, boss).claim()
    expect(claims.map((it) => it.attempt)).toEqual([lost])
    await loseWorker(boss, claims)
    await reconcilePass({ pool, boss, log })
    expect((await states(pool)).failed ?? 0).toBe(lost > CRASH_BUDGET ? 1 : 0)
  }
  expect(await ledger(pool)).toMatchObject([{ state: 'failed', reason: 'worker_crashed', attempt: CRASH_BUDGET + 1 }])
  expect((await worker(pool, boss).claim()).claims).toEqual([])
  expect(await queueItems(pool)).toEqual([])
  expect(lines).toMatchObject([{ level: 50, msg: 'ledger repaired', crashed: 1, requeued: 0 }])
  expect((await attempts(pool)).slice(0, 2)).toMatchObject([{ outcome: 'abandoned' }, { outcome: 'abandoned' }])
})

test('a pass over a healthy ledger changes nothing and says nothing', async ({ pool, boss }) => {
  await queueUp(pool, boss, {}, 3)
  await worker(pool, boss).claim(undefined, 1)
  const { log, lines } = createLog()
  await reconcilePass({ pool, boss, log })
  expect([await states(pool), lines]).toEqual([{ queued: 2, running: 1 }, []])
})

test('an execution that has lost its item is put into the queue again, and that is said as an error', async ({
  pool,
  boss,
}) => {
  await queueUp(pool, boss, {}, 2)
  await pool.query(`delete from pgboss.job where name = 'deliver'`)
  const { log, lines } = createLog()
  await reconcilePass({ pool, boss, log })
  expect(lines).toMatchObject([{ level: 50, msg: 'ledger repaired', requeued: 2 }])
  expect((await worker(pool, boss).claim()).claims).toHaveLength(2)
})

test('the leader gives back the items of a dead worker; not one that does not lead, nor one that has just connected', {
  timeout: 40_000,
}, async ({ pool, boss }) => {
  await queueUp(pool, boss)
  await worker(pool, boss).claim()
  await pool.query(`update pgboss.job set heartbeat_on = now() - interval '1 minute' where name = 'deliver'`)
  const listener = { leads: false, connectedMs: 60_000, looks: 0 }
  const { log, lines } = createLog()
  let checkups = 0
  const slow = Promise.withResolvers<void>()
  const leader = startLeader({
    ...{ pool, boss, log },
    checkup: async () => {
      checkups += 1
      // How long it takes and what it comes to is its own business.
      await slow.promise
      throw new Error('no checkup')
    },
    listener: {
      get leads() {
        listener.looks += 1
        return listener.leads
      },
      get connectedMs() {
        return listener.connectedMs
      },
      stop: async () => {},
    },
  })
  onTestFinished(() => leader.stop())
  const twoMoreLooks = async () => {
    const before = listener.looks
    await until('it to look', () => listener.looks >= before + 2)
    return (await queueItems(pool)).map((it) => it.state)
  }
  expect(await twoMoreLooks()).toEqual(['active'])
  Object.assign(listener, { leads: true, connectedMs: 1_000 })
  expect(await twoMoreLooks()).toEqual(['active'])
  expect(checkups).toBe(0)
  listener.connectedMs = 60_000
  const givenBack = async () => (await queueItems(pool))[0]?.state === 'retry'
  await until('the item to be given back', givenBack)
  await until('a checkup', () => checkups === 1)
  // And once more, long before pg-boss is to supervise though nothing is lost.
  await worker(pool, boss).claim()
  await pool.query(`update pgboss.job set heartbeat_on = now() - interval '1 minute' where name = 'deliver'`)
  await until('it to be given back again', givenBack)
  expect(lines.filter(({ msg }) => msg === 'leads now')).toHaveLength(1)
  expect(checkups).toBe(1)
  slow.resolve()
  await until('it to fail', () => lines.some(({ msg }) => msg.startsWith('checking invariants failed')))
  const [claim] = (await worker(pool, boss).claim()).claims
  expect(claim?.attempt).toBe(3)
})

test('the leader lets an execution go whose turn nobody has announced', async ({ pool, boss }) => {
  const { id } = await queueUp(pool, boss)
  const [claimed] = (await worker(pool, boss).claim()).claims
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, reason, scheduled_for, effective_at, created_at,
       next_attempt_at, behind, destination)
     values (gen_random_uuid(), $1, 1, 'schedule', 'waiting', 'overlap_queued', now(), now(), now(), '9999-01-01', true, '')`,
    [id],
  )
  // Its worker dies right after the commit.
  await pool.query(`update executions set state = 'succeeded', finished_at = now() where id = $1`, [
    claimed?.executionId,
  ])
  const { log } = createLog()
  const listener = { leads: true, connectedMs: 60_000, stop: async () => {} }
  const leader = startLeader({ pool, boss, log, listener })
  onTestFinished(() => leader.stop())

  await until('it to go', async () => (await pool.query('select from executions where behind')).rowCount === 0)
})

test('a leader that stands still is followed by another, although its connection is not lost', {
  timeout: 60_000,
}, async ({ databaseUrl }) => {
  const proxy = await startProxy(databaseUrl)
  onTestFinished(() => proxy.close())
  const listen = (connectionString: string) => {
    const ignore = () => {}
    const told = { onDue: ignore, onWork: ignore, onCancel: ignore, onCircuit: ignore, onError: ignore }
    const listener = startListener({ connectionString, ...told })
    onTestFinished(() => listener.stop())
    return listener
  }
  const first = listen(proxy.url)
  await until('the first to lead', () => first.leads)
  const second = listen(databaseUrl)
  await until('the second to listen', () => second.connectedMs > 0)
  // What it sends arrives nowhere; the proxy goes on to answer the server's keepalives for it.
  proxy.freeze()
  await until('the second to lead', () => second.leads, 30_000)
})
