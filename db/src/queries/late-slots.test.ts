import { describe, expect, onTestFinished } from 'vitest'
import { accepted, awaiting, sayer } from '../../test/awaiting.ts'
import { ago, ahead } from '../../test/factories.ts'
import { outcomeOf, queueUp, test, worker } from '../../test/queue.ts'
import { createDb, type Pool } from '../client.ts'
import { FLOW_CHANNEL } from '../notify.ts'
import type { Boss } from '../queue.ts'
import { flowSlots } from '../schema/index.ts'
import { expireAcks } from './expire-acks.ts'
import { limitFlow } from './flow-limits.ts'
import { createTurns } from './in-turn.ts'
import { releaseLimited } from './release-limited.ts'
import { settle } from './settle.ts'

const destination = 'http://receiver.test'

/** Without a look for slots that nobody gave back. */
const release = async (pool: Pool, boss: Boss) =>
  (await releaseLimited(pool, boss, { turns: createTurns(), sweep: false })).released

const slots = async (pool: Pool) => (await createDb(pool).select().from(flowSlots)).map((it) => it.executionId)

/** Of three executions two are let through; the receiver of the first has answered 202, unless that is still to come. */
async function limited(pool: Pool, boss: Boss, ackDeadlineAt: Date | null = ahead(300)) {
  await limitFlow(pool, 'destination', destination, { rate: null, concurrency: 2, paused: false })
  await queueUp(pool, boss, { destination, delivery: { async: { timeoutSeconds: 300 } } }, 3)
  expect(await release(pool, boss)).toBe(2)
  const me = worker(pool, boss)
  const { claims } = await me.claim()
  const [claim, other] = claims
  if (!claim || !other) throw new Error('two were to be claimed')
  if (ackDeadlineAt) await settle(pool, boss, me.workerId, [outcomeOf(claim, { ...accepted, ackDeadlineAt })])
  expect(await slots(pool)).toHaveLength(2)
  expect(await release(pool, boss)).toBe(0)
  return { say: sayer(pool, claim), id: claim.executionId, other: other.executionId }
}

/** What keepers are told while something is done, how often. */
async function told(pool: Pool, act: () => Promise<unknown>): Promise<number> {
  const client = await pool.connect()
  onTestFinished(() => client.release(true))
  let count = 0
  const over = new Promise<void>((resolve) => {
    client.on('notification', ({ channel }) => {
      if (channel === 'over') resolve()
      else count += 1
    })
  })
  await client.query(`listen ${FLOW_CHANNEL}; listen over`)
  await act()
  await client.query('notify over')
  await over
  return count
}

describe('its slot is free, and another begins, at once', () => {
  test.for(['ack', 'nack'] as const)('after the %s', async (action, { pool, boss }) => {
    const { say, other } = await limited(pool, boss)
    expect(await told(pool, () => say(action))).toBe(1)
    expect(await slots(pool)).toEqual([other])
    expect(await release(pool, boss)).toBe(1)
    // Said again, it gives back nothing.
    expect(await told(pool, () => say(action))).toBe(0)
    expect(await slots(pool)).toHaveLength(2)
  })

  test('after a word that comes before the 202 is written down', async ({ pool, boss }) => {
    const { say, other } = await limited(pool, boss, null)
    expect(await say('ack')).toBe('ok')
    expect(await slots(pool)).toEqual([other])
    expect(await release(pool, boss)).toBe(1)
  })

  test('after the end of its time', async ({ pool, boss }) => {
    const { other } = await limited(pool, boss, ago(1))
    expect(await told(pool, () => expireAcks(pool, 10))).toBe(1)
    expect(await slots(pool)).toEqual([other])
    expect(await release(pool, boss)).toBe(1)
  })
})

test('a heartbeat keeps it', async ({ pool, boss }) => {
  const { say, id } = await limited(pool, boss)
  expect(await told(pool, () => say('heartbeat'))).toBe(0)
  expect(await slots(pool)).toContain(id)
  expect(await release(pool, boss)).toBe(0)
})

test('a word that can’t be written gives nothing back', async ({ pool, boss }) => {
  const { say, id } = await limited(pool, boss)
  await pool.query('alter table attempts add constraint refused check (outcome <> $$succeeded$$) not valid')
  onTestFinished(async () => void (await pool.query('alter table attempts drop constraint refused')))
  expect(await say('ack')).toBe('23514')
  expect(await slots(pool)).toContain(id)
})

test('where it has none nobody is told, and nobody else’s is touched', async ({ pool, boss }) => {
  const { say } = await awaiting(pool, boss, { destination: 'http://free.test' })
  await limited(pool, boss)
  const before = await slots(pool)
  expect(await told(pool, () => say('ack'))).toBe(0)
  expect(await slots(pool)).toEqual(before)
})
