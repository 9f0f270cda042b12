import { eq } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import { notification } from '../../test/events.ts'
import { ago, ahead, job } from '../../test/factories.ts'
import { begin, test } from '../../test/queue.ts'
import type { Db, Pool } from '../client.ts'
import { jobs, type NotificationRow, notifications } from '../schema/index.ts'
import { claimNotifications, type NotificationOutcome, settleNotifications } from './due-notifications.ts'

const due = (url?: string, seconds = 1) => notification({ ...(url && { url }), nextAttemptAt: ago(seconds) })

const claim = (pool: Pool, options: Partial<Parameters<typeof claimNotifications>[1]> = {}) =>
  claimNotifications(pool, { limit: 10, mostOfEach: 2, inFlight: new Map(), after: '', upTo: null, ...options })

const rowOf = async (db: Db, id: string) =>
  (await db.select().from(notifications).where(eq(notifications.id, id)))[0] as NotificationRow

function ended(it: { id: string; attempt: number }, fields: Partial<NotificationOutcome> = {}): NotificationOutcome {
  return { id: it.id, attempt: it.attempt, status: 200, error: null, end: 'delivered', againInMs: 0, ...fields }
}

describe('a claim', () => {
  test('takes what is due, the oldest first, for a minute, and counts an attempt', async ({ db, pool }) => {
    const [young, old, oldest] = [due(undefined, 1), due(undefined, 5), due(undefined, 9)]
    const later = notification({ nextAttemptAt: ahead(5) })
    const done = notification({ deliveredAt: ago(9) })
    await db.insert(notifications).values([young, old, oldest, later, done])

    const claimed = await claim(pool)

    expect(claimed.map(({ id }) => id).sort()).toEqual([old.id, oldest.id].sort())
    expect(claimed[0]).toMatchObject({ attempt: 1, type: 'job.failing', url: old.url, body: expect.any(String) })
    const { attempt, nextAttemptAt } = await rowOf(db, old.id)
    expect(attempt).toBe(1)
    expect((nextAttemptAt as Date).getTime() - Date.now()).toBeGreaterThan(55_000)
    expect((await claim(pool)).map(({ id }) => id)).toEqual([young.id])
    expect(await claim(pool)).toEqual([])
  })

  test('whose worker is lost is anyone’s after its minute', async ({ db, pool }) => {
    await db.insert(notifications).values(due())
    await claim(pool)
    await pool.query(`update notifications set next_attempt_at = next_attempt_at - interval '61 s'`)
    expect(await claim(pool)).toMatchObject([{ attempt: 2 }])
  })

  test('of two workers at once, one has it', async ({ db, pool }) => {
    await db.insert(notifications).values(Array.from({ length: 40 }, (_, i) => due(`http://${i}.test/`)))
    const all = (await Promise.all([1, 2, 3, 4].map(() => claim(pool)))).flat()
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  })

  test('waits for nobody: what another session holds is passed over', async ({ db, pool }) => {
    const [held, free] = [due('http://a.test/'), due('http://b.test/')]
    await db.insert(notifications).values([held, free])
    const other = await begin(pool)
    await other.query('select from notifications where id = $1 for update', [held.id])
    expect((await claim(pool)).map(({ id }) => id)).toEqual([free.id])
  })

  test('takes two of each destination, less those in flight, so that a dead one is in nobody’s way', async ({
    db,
    pool,
  }) => {
    await db.insert(notifications).values(Array.from({ length: 3_000 }, () => due('http://dead.test/', 900)))
    await db.insert(notifications).values([due('http://alive.test/'), due('http://other.test/'), due('http://z.test/')])

    const claimed = await claim(pool, {
      inFlight: new Map([
        ['http://other.test', 1],
        ['http://z.test', 2],
      ]),
    })

    const counts = Map.groupBy(claimed, ({ destination }) => destination)
    expect([...counts].map(([destination, { length }]) => [destination, length]).sort()).toEqual([
      ['http://alive.test', 1],
      ['http://dead.test', 2],
      ['http://other.test', 1],
    ])
  })

  test('goes on after a destination, and ends with one', async ({ db, pool }) => {
    await db.insert(notifications).values(['a', 'b', 'c', 'd'].map((it) => due(`http://${it}.test/`)))
    const of = async (options: Parameters<typeof claim>[1]) =>
      (await claim(pool, options)).map(({ destination }) => destination).sort()
    expect(await of({ after: 'http://b.test', limit: 1 })).toEqual(['http://c.test'])
    expect(await of({ after: '', upTo: 'http://c.test' })).toEqual(['http://a.test', 'http://b.test'])
    expect(await of({ after: 'http://b.test' })).toEqual(['http://d.test'])
  })

  test('has what its job signs with, which one for the instance has not', async ({ db, pool }) => {
    const row = job({ delivery: { signing: ['sealed'] } })
    await db.insert(jobs).values(row)
    const [own, instance] = [
      { ...due('http://a.test/'), jobId: row.id as string },
      { ...due('http://b.test/'), jobId: row.id as string, toInstance: true },
    ]
    await db.insert(notifications).values([own, instance])
    const claimed = await claim(pool)
    expect(claimed.find(({ id }) => id === own.id)?.delivery).toEqual({ signing: ['sealed'] })
    expect(claimed.find(({ id }) => id === instance.id)?.delivery).toBeNull()
  })
})

describe('an outcome', () => {
  const one = async (db: Db, pool: Pool) => {
    await db.insert(notifications).values(due())
    const [claimed] = await claim(pool)
    if (!claimed) throw new Error('one was to be claimed')
    return claimed
  }

  test.for([
    ['delivered', { deliveredAt: expect.any(Date), failedAt: null, nextAttemptAt: null, attempt: 1 }],
    ['failed', { deliveredAt: null, failedAt: expect.any(Date), nextAttemptAt: null, attempt: 1 }],
    ['again', { deliveredAt: null, failedAt: null, nextAttemptAt: expect.any(Date), attempt: 1 }],
    ['uncounted', { deliveredAt: null, failedAt: null, nextAttemptAt: expect.any(Date), attempt: 0 }],
  ] as const)('%s is written', async ([end, row], { db, pool }) => {
    const claimed = await one(db, pool)
    await settleNotifications(pool, [ended(claimed, { end, status: 503, error: 'EX', againInMs: 30_000 })])
    const after = await rowOf(db, claimed.id)
    expect(after).toMatchObject({ ...row, status: 503, error: 'EX' })
    if (after.nextAttemptAt) expect(after.nextAttemptAt.getTime() - Date.now()).toBeLessThan(31_000)
  })

  test('of an attempt that was taken over: a failure changes nothing, a delivery counts', async ({ db, pool }) => {
    const claimed = await one(db, pool)
    await pool.query('update notifications set attempt = 2')
    await settleNotifications(pool, [ended(claimed, { end: 'failed' })])
    expect(await rowOf(db, claimed.id)).toMatchObject({ failedAt: null, attempt: 2 })

    await settleNotifications(pool, [ended(claimed)])
    expect(await rowOf(db, claimed.id)).toMatchObject({ deliveredAt: expect.any(Date), nextAttemptAt: null })

    await settleNotifications(pool, [ended({ id: claimed.id, attempt: 2 }, { end: 'again' })])
    expect(await rowOf(db, claimed.id)).toMatchObject({ deliveredAt: expect.any(Date), nextAttemptAt: null })
  })
})
