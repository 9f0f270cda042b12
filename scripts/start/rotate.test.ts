import { expect } from 'vitest'
import { createDb, type Pool } from '../../db/src/client.ts'
import { jobs } from '../../db/src/schema/jobs.ts'
import { test } from '../../db/test/database.ts'
import { ago, job } from '../../db/test/factories.ts'
import type { StoredDelivery } from '../../packages/core/src/delivery.ts'
import { headerContext, readKeys, seal, signingContext, unseal } from '../../packages/core/src/seal.ts'
import { rotate } from './rotate.ts'

const [k1, k2, k3] = [1, 2, 3].map((n) => `k${n}:${Buffer.alloc(32, n).toString('base64')}`) as [string, string, string]

/** A job with a secret header and a signing secret under a key. */
function secretive(keys: string, fields: Parameters<typeof job>[0] = {}) {
  const row = job(fields)
  const by = readKeys([keys])
  const delivery: StoredDelivery = {
    headers: [
      { name: 'authorization', sealed: seal(by, headerContext(row.id ?? '', 'authorization'), `of ${row.id}`) },
      { name: 'plain', value: 'open' },
    ],
    signing: [seal(by, signingContext(row.id ?? ''), 'whsec_x')],
    timeoutSeconds: 20,
  }
  return { ...row, delivery }
}

const rowsOf = async (pool: Pool) => await createDb(pool).select().from(jobs).orderBy(jobs.id)

test('all that an older key sealed opens under the newest alone, in jobs of every kind, and no version rises', async ({
  pool,
}) => {
  const written = [
    ...Array.from({ length: 5 }, () => secretive(k1)),
    secretive(k1, { deletedAt: ago(1), nextRunAt: null, nextScheduledFor: null }),
    secretive(k2),
    job(),
    job({ delivery: { method: 'PUT' } }),
  ]
  await createDb(pool).insert(jobs).values(written)
  const before = await rowsOf(pool)
  const lines: string[] = []
  expect(await rotate(pool, `${k2},${k1}`, (line) => lines.push(line), 2)).toBe(true)
  expect(lines.at(-1)).toBe('done: all 9 jobs looked at, 12 secrets sealed anew with the key k2')
  const after = await rowsOf(pool)
  const alone = readKeys([k2])
  for (const [i, row] of after.entries()) {
    expect({ ...row, delivery: null }).toEqual({ ...before[i], delivery: null })
    const { headers: [secret, plain] = [], signing = [], ...rest } = row.delivery ?? {}
    if (!secret || !('sealed' in secret)) continue
    expect(unseal(alone, headerContext(row.id, 'authorization'), secret.sealed)).toBe(`of ${row.id}`)
    expect(unseal(alone, signingContext(row.id), signing[0] ?? '')).toBe('whsec_x')
    expect([plain, rest]).toEqual([{ name: 'plain', value: 'open' }, { timeoutSeconds: 20 }])
  }
  expect(await rotate(pool, k2, (line) => lines.push(line))).toBe(true)
  expect(lines.at(-1)).toContain('9 jobs looked at, 0 secrets')
  expect(await rowsOf(pool)).toEqual(after)
})

test('what no key opens is left as it is and named, and the rest is done', async ({ pool }) => {
  const [lost, found] = [secretive(k3), secretive(k1)]
  await createDb(pool).insert(jobs).values([lost, found])
  const lines: string[] = []
  expect(await rotate(pool, `${k2},${k1}`, (line) => lines.push(line))).toBe(false)
  expect(lines.join('\n')).toContain(`job ${lost.id}, key k3`)
  expect(lines.join('\n')).toContain('2 jobs looked at, 2 secrets')
  expect((await rowsOf(pool)).find(({ id }) => id === lost.id)?.delivery).toEqual(lost.delivery)
})
