import { createDb } from '@scheduler/db/client'
import { cheapInvariants } from '@scheduler/db/queries/invariants/all'
import type { Invariant } from '@scheduler/db/queries/invariants/invariant'
import { jobs } from '@scheduler/db/schema/index'
import { ago, job } from '@scheduler/db/test/factories'
import { test } from '@scheduler/db/test/queue'
import { expect } from 'vitest'
import { createLog } from '../test/log.ts'
import { createCheckup } from './checkup.ts'

const given = { keys: null, deadLetterDays: 90 }
const only = (name: string) => cheapInvariants.filter((it) => it.name === name)

test('a finding is told once, with what to do; another is told as well, and so is one that comes back', async ({
  db,
  pool,
}) => {
  const { log, lines } = createLog()
  const checkup = createCheckup({ pool, log, given }, only('jobs dispatched'))
  const add = async () => {
    const row = job({ nextRunAt: ago(90) })
    await createDb(pool).insert(jobs).values(row)
    return row.id as string
  }
  await checkup()
  expect(lines).toEqual([])

  const first = await add()
  await checkup()
  await checkup()
  expect(lines).toMatchObject([
    {
      ...{ level: 50, msg: 'invariant violated', invariant: 'jobs dispatched', count: 1, more: false },
      findings: [expect.stringContaining(first)],
      next: expect.stringContaining('See that workers run'),
    },
  ])

  const second = await add()
  await checkup()
  expect(lines[1]?.findings).toEqual([expect.stringContaining(second)])

  await db.delete(jobs)
  await checkup()
  await add()
  await checkup()
  expect(lines).toHaveLength(3)
})

test('what only wants somebody to look at it is a warning; what could not be checked is said once', async ({
  pool,
}) => {
  const { log, lines } = createLog()
  const [broken] = only('no job quarantined').map(
    (it): Invariant => ({
      ...it,
      name: 'broken',
      find: async (client) => (await client.query('select from nowhere')).rows,
    }),
  )
  await createDb(pool)
    .insert(jobs)
    .values(job({ status: 'quarantined', statusReason: 'no' }))
  const checkup = createCheckup({ pool, log, given }, [...only('no job quarantined'), broken as Invariant])
  await checkup()
  await checkup()
  expect(lines).toMatchObject([
    { level: 40, msg: 'invariant violated', invariant: 'no job quarantined' },
    { level: 40, msg: 'invariant not checked', invariant: 'broken', reason: 'relation "nowhere" does not exist' },
  ])
})
