import { invalid } from '@scheduler/core/problem'
import { MOST_WALKED } from '@scheduler/db/queries/walk'
import { z } from 'zod'
import type { Answer } from './route.ts'

/** `limit` and `cursor` of a list. @param fallback the limit where none is given */
export const pageFields = {
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number from 1 to 500')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 500, 'must be a whole number from 1 to 500')
    .default(50)
    .meta({ type: 'integer', minimum: 1, maximum: 500, default: 50, description: 'How many to a page.', example: 50 }),
  cursor: z
    .string()
    .optional()
    .meta({ description: 'Where the page begins: taken from the Link header of the one before.' }),
}

/** The position of a list that is ordered by name. */
export const NAME_POSITION = /^\P{Cc}+$/u

/** The position of a list that is ordered by id. */
export const UUID_POSITION = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * The position of a list that is ordered by an instant, ms since 1970, and then by id. A cursor may be made up: no instant is of
 * a year with five digits, which PostgreSQL does not read as it is written here.
 */
export const TIMED_POSITION = /^(\d{1,14}|1\d{14}|2[0-4]\d{13})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** A cursor: opaque to the client, and of one list only. */
export function encodeCursor(list: string, position: string): string {
  return Buffer.from(`${list}:${position}`).toString('base64url')
}

/** The position in a cursor of this list, matched against `form`; null without a cursor. @throws Problem for any other. */
export function decodeCursor(list: string, form: RegExp, cursor: string | undefined): RegExpExecArray | null {
  if (cursor === undefined) return null
  const position = form.exec(
    Buffer.from(cursor, 'base64url')
      .toString()
      .slice(list.length + 1),
  )
  if (position && encodeCursor(list, position[0]) === cursor) return position
  throw invalid([{ path: 'cursor', message: 'must come from the Link header of the page before, of the same list' }])
}

/** What is said of a list whose filters no index may serve. */
export const SHORT_PAGES = `The next page, when there is one, is in the \`Link\` header. A request looks at ${MOST_WALKED.toLocaleString('en')} at the most, whatever the filters leave of them: a page may have fewer than \`limit\`, even none, and a next one all the same.`

/** Leads to the page after a position, where there is one: the request's own URL with another cursor. */
export function linkToNext(
  url: string,
  list: string,
  position: string | null | undefined,
  publicUrl: string | null,
): Pick<Answer, 'headers'> {
  if (position === null || position === undefined) return {}
  const [path = '', search = ''] = url.split('?')
  const query = new URLSearchParams(search)
  query.set('cursor', encodeCursor(list, position))
  return { headers: { link: `<${publicUrl ?? ''}${path}?${query}>; rel="next"` } }
}
