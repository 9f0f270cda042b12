// Requests as the document allows them, with ids of what there is.
import type { Operation, Parameter } from './document.ts'
import { fieldValue } from './fields.ts'
import type { Maker } from './maker.ts'
import type { FuzzRequest } from './request.ts'
import { makeValue } from './values.ts'

/** A request in parts, for others to break one of. */
export interface Draft {
  operation: Operation
  /** By name, as they are before they are escaped. */
  path: Record<string, string>
  query: [string, string][]
  headers: Record<string, string>
  body: unknown
}

export function draft(operation: Operation, maker: Maker): Draft {
  const path = Object.fromEntries(
    operation.parameters.filter((it) => it.in === 'path').map((it) => [it.name, pathValue(operation, it, maker)]),
  )
  const made: Draft = { operation, path, query: [], headers: headersOf(operation, path, maker), body: undefined }
  for (const it of operation.parameters.filter((each) => each.in === 'query')) {
    if (!it.required && !maker.dice.chance(0.25)) continue
    const value = queryValue(operation, it, maker, path)
    if (it.name !== 'cursor' || maker.memory.knows('cursor', operation.path)) made.query.push([it.name, value])
  }
  if (operation.path === '/dead-letters' && operation.method === 'DELETE') made.query.push(['all', 'true'])
  made.query = [...new Map(made.query)]
  const { body } = operation
  if (body && (body.required || maker.dice.chance(0.7))) made.body = makeValue(body.schema, 'body', maker)
  fit(made, maker)
  return made
}

/** What only the operation says of its body. */
function fit({ operation, query, body }: Draft, maker: Maker): void {
  if (!body || typeof body !== 'object' || Array.isArray(body)) return
  const fields = body as Record<string, unknown>
  if (query.some(([name, value]) => name === 'upsert' && value === 'true')) {
    fields.external_id = fieldValue('external_id', maker)
  }
  // The past only, and not so much of it that what is sent is all that the workers do.
  if (operation.path.endsWith('/backfill')) {
    const [days, hours] = [maker.dice.int(2, 20), maker.dice.int(1, 40)]
    fields.from = new Date(maker.at - days * 86_400_000).toISOString()
    fields.to = new Date(maker.at - days * 86_400_000 + hours * 3_600_000).toISOString()
  }
}

function pathValue({ path }: Operation, { name }: Parameter, maker: Maker): string {
  const { dice, memory } = maker
  if (name !== 'id') return String(makeValue({ type: 'string' }, name, maker))
  const kinds = {
    '/jobs': 'job',
    '/executions': 'execution',
    '/blackouts': 'blackout',
    '/dead-letters': 'dead',
  } as const
  const type = /^\/jobs\/(interval|cron|rrule)\//.exec(path)?.[1]
  if (type && dice.chance(0.8)) return memory.recall('job', dice, type)
  const kind = kinds[path.slice(0, path.indexOf('/', 1)) as keyof typeof kinds]
  return memory.recall(path.endsWith('/redrive') && dice.chance(0.7) ? 'dead' : kind, dice)
}

function queryValue(operation: Operation, { name, schema }: Parameter, maker: Maker, path: Draft['path']): string {
  const { dice, memory, sign } = maker
  if (name === 'cursor') return memory.recall('cursor', dice, operation.path)
  if (name === 'attempt') return '1'
  if (name === 'signature') return sign(operation.path.split('/').at(-1) ?? '', path.id ?? '', 1)
  return String(makeValue(schema, name, maker))
}

function headersOf(operation: Operation, path: Draft['path'], maker: Maker): Draft['headers'] {
  const { dice, memory, apiKey } = maker
  const headers: Draft['headers'] = operation.secured ? { authorization: `Bearer ${apiKey}` } : {}
  const keyed = operation.parameters.some((it) => it.in === 'header')
  if (keyed && dice.chance(0.3)) headers['idempotency-key'] = `key-${maker.number}`
  if (operation.answers.has('412') && path.id && dice.chance(0.4)) headers['if-match'] = memory.versionOf(path.id)
  return headers
}

/** The draft as it is sent. */
export function finish(made: Draft, maker: Maker, kind: FuzzRequest['kind'], what: string): FuzzRequest {
  const { operation, path, query, headers, body } = made
  const bytes = body === undefined ? null : Buffer.from(JSON.stringify(body))
  const target = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name) => encodeURIComponent(path[name] ?? ''))
  const search = query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
  return {
    ...{ number: maker.number, kind, what, operation, method: operation.method },
    target: search ? `${target}?${search}` : target,
    headers: bytes ? { ...headers, 'content-type': 'application/json' } : headers,
    body: bytes,
  }
}
