import { problems } from '@scheduler/core/problem'
import { expect } from 'vitest'
import { startApi, test } from '../test/api.ts'

test("the type of every problem is the address of a page about it, and of nothing else in that folder's reach", async ({
  pool,
}) => {
  const api = await startApi(pool)
  for (const [code, { title }] of Object.entries(problems)) {
    const answer = await fetch(`${api.url}/problems/${code}`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch('text/markdown')
    expect(await answer.text()).toContain(title)
  }
  for (const path of ['/problems/none', '/problems/toString', '/problems/..%2f..%2fREADME']) {
    expect((await fetch(api.url + path)).status).toBe(404)
  }
  await api.close()
})
