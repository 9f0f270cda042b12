import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import { openapi } from './openapi.ts'
import { routes } from './routes/index.ts'

const document = JSON.parse(JSON.stringify(openapi()))

test('openapi.json is what the routes say', async () => {
  const file = await readFile(new URL('../openapi.json', import.meta.url), 'utf8')
  expect(JSON.parse(file)).toEqual(document)
})

test('every route is documented, once, with its own operation id', () => {
  const ids = routes.map((it) => document.paths[it.path][it.method].operationId)
  expect(new Set(ids).size).toBe(routes.length)
  const documented = Object.values(document.paths).reduce<number>(
    (sum, it) => sum + Object.keys(it as object).length,
    0,
  )
  expect(documented).toBe(routes.length)
})

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((it) => it[1] ?? '')
  expect(references.length).toBeGreaterThan(20)
  for (const path of references) {
    expect(
      path.split('/').reduce((at, key) => at?.[key], document),
      path,
    ).toBeDefined()
  }
})

describe.for(routes)('$method $path', (route) => {
  const operation = document.paths[route.path][route.method]

  test('each parameter of its path is documented', () => {
    const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((it) => it[1])
    const documented = (operation.parameters ?? []).filter((it: { in: string }) => it.in === 'path')
    expect(documented.map((it: { name: string }) => it.name)).toEqual(names)
  })

  test('has examples, and each is what its schema says', () => {
    if (route.body && !route.bodyOptional) expect(route.examples.body).toBeDefined()
    for (const example of Object.values(route.examples.body ?? {})) {
      expect(() => check(route.body as NonNullable<typeof route.body>, example)).not.toThrow()
    }
    expect(Object.keys(route.examples.answer)).not.toHaveLength(0)
    for (const example of Object.values(route.examples.answer)) {
      expect(route.answer.schema.safeParse(example).error).toBeUndefined()
    }
  })

  test('says which headers it reads', () => {
    const headers = (operation.parameters ?? []).filter((it: { in: string }) => it.in === 'header')
    const read = [route.idempotent && 'Idempotency-Key', route.problems.includes('stale-version') && 'If-Match']
    expect(headers.map((it: { name: string }) => it.name)).toEqual(read.filter(Boolean))
  })

  test('says that a path may be one that cannot be decoded, where it reads something of it', () => {
    const refusals = JSON.stringify(operation.responses['400'] ?? {})
    expect(refusals.includes('malformed-url')).toBe(route.path.includes('{'))
  })

  test('says how it may refuse', () => {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (!(Number(status) >= 400) || route.path.startsWith('/health')) continue
      expect(Object.keys((response as { content: object }).content)).toEqual(['application/problem+json'])
    }
  })
})
