import { bodiless, type Method } from '@scheduler/core/delivery'
import { mergePatch } from '@scheduler/core/merge-patch'
import type { FieldError } from '@scheduler/core/problem'
import { BODY_LIMIT } from './json-body.ts'

/** A job's body as it is stored: the text that is sent, and whether the client wrote it out itself. */
export interface Body {
  payload: string
  raw: boolean
}

interface BodyFields {
  payload?: Record<string, unknown> | null | undefined
  body?: string | null | undefined
}

export const noBody: Body = { payload: '{}', raw: false }

/**
 * The body that a create, an update or a patch gives a job.
 *
 * @param stored what it has
 * @param method of the job once it is written
 */
export function readBody(
  given: BodyFields,
  stored: Body,
  { merge, method = 'POST' }: { merge: boolean; method?: Method | undefined },
  errors: FieldError[],
): Body {
  const { payload, body } = given
  if (typeof body === 'string' && payload) {
    errors.push({ path: 'body', message: 'must not be given together with payload; one of them is what is sent' })
  }
  const written = bodyOf(given, stored, merge)
  const path = typeof body === 'string' ? 'body' : payload ? 'payload' : 'method'
  const isEmpty = written.payload === (written.raw ? '' : '{}')
  if (bodiless.has(method) && !isEmpty) errors.push({ path, message: bodilessFault(path, method) })
  // Numbers grow when they are written out, 1e20 to 21 digits; and patches add up.
  if (path !== 'method' && Buffer.byteLength(written.payload) > BODY_LIMIT) {
    errors.push({ path, message: `must be at most ${BODY_LIMIT / 1024} KiB${written.raw ? '' : ' when written out'}` })
  }
  return written
}

function bodyOf({ payload, body }: BodyFields, stored: Body, merge: boolean): Body {
  if (typeof body === 'string') return { payload: body, raw: true }
  if (payload) {
    const before = merge && !stored.raw ? JSON.parse(stored.payload) : {}
    return { payload: JSON.stringify(merge ? mergePatch(before, payload) : payload), raw: false }
  }
  return payload === null || (body === null && stored.raw) ? noBody : stored
}

function bodilessFault(path: string, method: Method): string {
  if (path !== 'method') return `must be left out: a ${method} sends no body`
  return `must be one that sends a body, since the job has one; with ${method} give "payload": null as well (PATCH)`
}
