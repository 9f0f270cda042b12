import { MOST_WALKED } from '@scheduler/db/queries/walk'
import { idOf } from '@scheduler/db/test/unlucky'
import { expect } from 'vitest'
import { type Api, test } from '../../test/api.ts'

/** The pages from a path on, by the Link header. */
async function pagesFrom(api: Api, path: string): Promise<{ id: string }[][]> {
  const pages = []
  for (let next: string | undefined = path; next; ) {
    const { status, headers, body } = await api.call('GET', next)
    expect(status).toBe(200)
    pages.push(body.map((it: Record<string, string>) => ({ id: it.execution_id ?? it.job_id })))
    next = /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
  }
  return pages
}

const id = `('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`

test('what is asked for is behind more than a request looks at: its page is empty, and its Link leads on', async ({
  api,
  pool,
}) => {
  await pool.query(
    `insert into jobs (id, type, status, cursor_at, created_at, updated_at, completed_at, callback_url, destination, callback_host,
       timezone, schedule, policies, payload)
     select ${id}, (case n when 1 then 'once' else 'interval' end)::job_type, 'completed', now(), now(), now(), now(),
       'http://a.test/', 'http://a.test', 'a.test', 'UTC', '{"type": "once", "at": "2026-01-01T00:00:00+00:00"}', '{}', '{}'
     from generate_series(1, $1) as n`,
    [MOST_WALKED + 1],
  )
  await pool.query(
    `insert into executions (id, job_id, job_version, kind, state, attempt, scheduled_for, effective_at, created_at, finished_at,
       dead_at, destination)
     select ${id}, ${id}, 1, 'schedule', 'failed', 0, now(), now(), now(), now(), now(),
       'http://' || case n when 1 then 'b' else 'a' end || '.test'
     from generate_series(1, $1) as n`,
    [MOST_WALKED + 1],
  )
  for (const path of [
    '/jobs?type=once',
    '/executions?destination=http://b.test',
    '/dead-letters?destination=http://b.test',
  ])
    expect(await pagesFrom(api, path), path).toEqual([[], [{ id: idOf(1) }]])
})
