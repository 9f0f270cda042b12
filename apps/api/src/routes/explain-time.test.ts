import { expect } from 'vitest'
import { daily, test } from '../../test/api.ts'

test('a whole second means the one occurrence within it; what was sent at a rate is late by its own time', async ({
  api,
  pool,
}) => {
  const { job_id } = (await api.call('POST', '/jobs/interval', { ...daily, start_date: '2024-01-20T08:00:00.250' }))
    .body
  const upcoming = (await api.call('GET', `/jobs/${job_id}/explain?at=2098-01-20T08:00:00`)).body
  expect(upcoming).toMatchObject({ outcome: 'upcoming', facts: { matched: 'second' } })
  const at = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  await api.call('POST', `/jobs/${job_id}/backfill`, { from: at(4), to: at(1), overlap: 'allow' })
  await pool.query(
    `update executions set state = 'succeeded', attempt = 1, finished_at = now(), next_attempt_at = null, reason = null`,
  )
  await pool.query(
    `insert into attempts select id, scheduled_for, 1, 'succeeded', 200, now(), now(), 1, gen_random_uuid() from executions`,
  )
  const rows = (await api.call('GET', '/executions')).body
  for (const { execution_id } of rows) {
    const { body } = await api.call('GET', `/executions/${execution_id}/explain`)
    expect(body.sentence).toMatch(/^In a backfill: it ran .*(day|hour).* late/)
  }
})
