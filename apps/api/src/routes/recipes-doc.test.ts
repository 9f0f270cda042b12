import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { daily, test } from '../../test/api.ts'

// Every request that docs/recipes.md shows with its `post`.
const text = readFileSync(new URL('../../../../docs/recipes.md', import.meta.url), 'utf8')
const recipes = [...text.matchAll(/^post '?([^' ]+)'? '([^']+)'$/gm)].map(([, path = '', body = '']) => ({
  path,
  body,
}))

test('docs/recipes.md has requests', () => {
  expect(recipes.length).toBeGreaterThanOrEqual(10)
  expect(text.match(/^post '?\//gm)).toHaveLength(recipes.length)
})

test.for(recipes.map((it, i) => [i + 1, it.path, it.body] as const))(
  'request %i, %s, is answered as it should be',
  async ([, path, body], { api }) => {
    const { job_id } = (await api.call('POST', '/jobs/interval', { ...daily, tags: ['launch'] })).body
    const { status, body: answered } = await api.call('POST', path.replace('$id', job_id), body)
    expect(status, JSON.stringify(answered)).toBeLessThan(300)
    for (const result of answered.results ?? []) expect(result.status, JSON.stringify(result)).toBeLessThan(300)
  },
)
