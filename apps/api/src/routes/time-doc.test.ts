import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { type Api, test } from '../../test/api.ts'

// The examples of docs/time.md, each a request and, in the block after it, what comes of it, a line an occurrence.
const text = readFileSync(new URL('../../../../docs/time.md', import.meta.url), 'utf8')
const EXAMPLE = /```json (preview|simulate)\n([\s\S]*?)```\n+```text\n([\s\S]*?)```/g
const examples = [...text.matchAll(EXAMPLE)].map(([, kind = '', request = '', lines = '']) => ({
  kind,
  request,
  lines,
}))

interface Line {
  nominal?: string
  dst?: string | null
  scheduled_for?: string
  scheduled_until?: string | null
  count?: number
  state?: string
  reason?: string | null
  skipped?: string | null
}

/** One line of an example: times without the seconds when these are none, then what is special. */
function written(it: Line): string {
  const short = (time: string | null | undefined) => time?.replace(/(T\d\d:\d\d):00/, '$1')
  if (it.nominal !== undefined) return [short(it.nominal), it.dst, it.skipped].filter(Boolean).join(' ')
  const run = it.scheduled_until ? [`to ${short(it.scheduled_until)},`, `${it.count} times,`] : []
  return [short(it.scheduled_for), ...run, it.state, it.reason].filter(Boolean).join(' ')
}

async function outcome(api: Api, kind: string, request: string): Promise<string> {
  const { status, body } = await api.call('POST', kind === 'preview' ? '/schedules/preview' : '/simulate', request)
  expect(status, JSON.stringify(body)).toBe(200)
  return `${(kind === 'preview' ? body.occurrences : body.timeline).map(written).join('\n')}\n`
}

test('docs/time.md has examples, and no request without its outcome', () => {
  expect(examples.length).toBeGreaterThanOrEqual(15)
  expect(text.match(/```json /g)).toHaveLength(examples.length)
})

test.for(examples.map((it, i) => [i + 1, it] as const))('example %i is what happens', async ([, it], { api }) => {
  expect(await outcome(api, it.kind, it.request)).toBe(it.lines)
})
