// What answers brought that later requests use: ids, versions, cursors.
import { type Dice, dice } from '@scheduler/core/test/dice'
import type { FuzzAnswer, FuzzRequest } from './request.ts'

export type Remembered = 'job' | 'execution' | 'dead' | 'blackout' | 'cursor'

export interface Memory {
  /** One of those that are known, of `of` where it is given; some that is none where none is. One throw of the dice always. */
  recall(kind: Remembered, dice: Dice, of?: string): string
  knows(kind: Remembered, of: string): boolean
  /** The version of a job, in quotes. */
  versionOf(job: string): string
  learn(request: FuzzRequest, answer: FuzzAnswer): void
}

/** So many of each are known: the newest. */
const MOST = 300

export function memory(): Memory {
  const known = new Map<string, string[]>()
  const versions = new Map<string, string>()

  function keep(kind: string, value: unknown): void {
    if (typeof value !== 'string') return
    const list = known.get(kind) ?? []
    if (!list.includes(value)) list.push(value)
    if (list.length > MOST) list.shift()
    known.set(kind, list)
  }

  function learnFrom(value: unknown, depth = 0): void {
    if (Array.isArray(value)) for (const it of value.slice(0, 50)) learnFrom(it, depth + 1)
    else if (value && typeof value === 'object' && depth < 4) {
      const fields = value as Record<string, unknown>
      keep('job', fields.job_id)
      if (fields.schedule_time !== undefined) keep(keyOf('job', String(fields.type)), fields.job_id)
      keep('execution', fields.execution_id)
      keep('blackout', fields.blackout_id)
      if (fields.dead_at) keep('dead', fields.execution_id)
      for (const it of Object.values(fields)) if (it && typeof it === 'object') learnFrom(it, depth + 1)
    }
  }

  return {
    recall(kind, throws, of = '') {
      const place = throws.int(0, 2 ** 30)
      const list = known.get(keyOf(kind, of)) ?? []
      return list[place % list.length] ?? dice(place).uuid()
    },
    knows: (kind, of) => known.has(keyOf(kind, of)),
    versionOf: (job) => versions.get(job) ?? '"1"',
    learn({ operation, target }, { status, headers, text }) {
      const isJson = headers['content-type']?.startsWith('application/json') && text !== ''
      // What is echoed is not known, and what was tried out is not there.
      if (status >= 400 || !isJson || operation.path === '/callback/test' || target.includes('dry_run=true')) return
      const cursor = /[?&]cursor=([^&>]+)/.exec(headers.link ?? '')?.[1]
      if (cursor) keep(keyOf('cursor', operation.path), cursor)
      const body: unknown = JSON.parse(text)
      learnFrom(body)
      const { job_id: id } = body as { job_id?: string }
      if (id && headers.etag) versions.set(id, headers.etag)
      if (versions.size > 4 * MOST) versions.delete(versions.keys().next().value ?? '')
    },
  }
}

const keyOf = (kind: Remembered, of: string): string => (of ? `${kind} of ${of}` : kind)
