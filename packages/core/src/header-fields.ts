import { z } from 'zod'

/** The headers that a client gives a job's requests. */

/** What is shown of a secret, and what keeps it when it is sent back. */
export const MASK = '***'

export const MAX_HEADERS = 30
/** Characters of one value, and of all names and values together. */
export const MAX_HEADER_VALUE = 4_096
export const MAX_HEADERS_SIZE = 16_384

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/
const VALUE = /^[\t\x20-\x7e]*$/
/** Headers that say where a request ends or who sent it: two voices there would make it another request. */
const OURS =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|(?:proxy|webhook|x-scheduler)-.*)$/i
const SECRET = /^(?:authorization|cookie)$|token|secret|password|api[-_]?key|signature/i

/** Whether the value of a header is kept secret whether or not the client says so. */
export const isSecretHeader = (name: string): boolean => SECRET.test(name)

/** Why a job can't have a header of this name, as the end of a sentence that begins with it; null when it can. */
export function headerNameFault(name: string): string | null {
  if (!TOKEN.test(name)) return 'must be a header name: letters, digits and hyphens, at most 128'
  return OURS.test(name) ? 'is a header that the service sets itself; leave it out' : null
}

function headerValueFault(value: string): string | null {
  if (value.length > MAX_HEADER_VALUE) return `must be at most ${MAX_HEADER_VALUE} characters`
  return VALUE.test(value) ? null : 'must be of printable ASCII characters in one line'
}

const eitherForm = 'must be a string, or { "secret": "…" } for one that is never shown'
const HeaderValue = z.union([z.string(), z.strictObject({ secret: z.string() })], eitherForm)
export type HeaderValue = z.infer<typeof HeaderValue>

/** The text of a value in either form. */
export const textOf = (value: HeaderValue): string => (typeof value === 'string' ? value : value.secret)

const meta = {
  description:
    'Headers of every request, besides those that the service sets itself. A value given as `{ "secret": "…" }` is kept encrypted and shown as `***`; so is any whose name says that it is one (`authorization`, `cookie`, `x-api-key`, a token, a password, …). Sending `***` back keeps it.',
  example: { 'x-tenant': 'acme', authorization: { secret: 'Bearer 5f2a…' } },
}

export const HeadersInput = z
  .record(z.string(), HeaderValue)
  .superRefine((headers, context) => checkHeaders(headers, context))
  .meta(meta)

/** Merged by name; null takes one away. */
export const HeadersPatch = z
  .record(z.string(), HeaderValue.nullable())
  .superRefine((headers, context) => checkHeaders(headers, context))
  .meta(meta)

export const HeadersAnswer = z.record(z.string(), z.string()).meta({
  description: 'Names in lower case; a secret is shown as `***`.',
  example: { 'x-tenant': 'acme', authorization: MASK },
})

function checkHeaders(headers: Record<string, HeaderValue | null>, context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [name, value] of Object.entries(headers)) {
    const fault = seen.has(name.toLowerCase())
      ? 'is given twice: names are the same in capitals and small letters'
      : (headerNameFault(name) ?? (value === null ? null : headerValueFault(textOf(value))))
    seen.add(name.toLowerCase())
    if (fault) context.addIssue({ code: 'custom', path: [name], message: fault })
  }
}
