/**
 * Every way a request can fail that the service foresees. Codes are public and never change meaning; each has its page
 * in docs/problems.
 */
export const problems = {
  'malformed-json': { status: 400, title: 'The body is not valid JSON' },
  'malformed-url': { status: 400, title: 'The URL cannot be decoded' },
  'schedule-exhausted': { status: 400, title: 'The schedule has no occurrence left' },
  'not-an-interval-job': { status: 400, title: 'The job is not an interval job' },
  'not-a-cron-job': { status: 400, title: 'The job is not a cron job' },
  'not-an-rrule-job': { status: 400, title: 'The job is not an rrule job' },
  unauthorized: { status: 401, title: 'A valid API key is needed' },
  'invalid-signature': { status: 401, title: 'The signature is not valid' },
  'not-found': { status: 404, title: 'There is no such route' },
  'job-not-found': { status: 404, title: 'There is no such job' },
  'execution-not-found': { status: 404, title: 'There is no such execution' },
  'blackout-not-found': { status: 404, title: 'There is no such blackout' },
  'method-not-allowed': { status: 405, title: 'The route does not answer this method' },
  'job-type-conflict': { status: 409, title: 'The job is of another type' },
  'idempotency-key-reused': { status: 409, title: 'The idempotency key was used for another request' },
  'external-id-ambiguous': { status: 409, title: 'Several jobs have this external_id' },
  'job-deleted': { status: 409, title: 'The job has been deleted' },
  'execution-finished': { status: 409, title: 'The execution is finished' },
  'not-a-dead-letter': { status: 409, title: 'The execution is no dead letter' },
  'job-completed': { status: 409, title: 'The job is completed' },
  'job-quarantined': { status: 409, title: 'The job is quarantined' },
  'too-many-blackouts': { status: 409, title: 'The tag has too many blackouts' },
  'older-attempt': { status: 409, title: 'The execution is at a later attempt' },
  'acknowledgement-expired': { status: 410, title: 'The attempt can no longer be acknowledged' },
  'stale-version': { status: 412, title: 'The job has changed meanwhile' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is not sent as JSON' },
  'validation-failed': { status: 422, title: 'The request breaks the schema' },
  'internal-error': { status: 500, title: 'The service failed' },
  'database-unavailable': { status: 503, title: 'The database is away' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof problems

/** One field at fault. `path` is dotted, `misfire.max`; empty when the whole body is meant. */
export interface FieldError {
  path: string
  message: string
}

export interface ProblemOptions {
  /** For the log only; never sent. */
  cause?: unknown
  errors?: FieldError[]
  /** Headers of the answer, `Allow` or `Retry-After`. */
  headers?: Record<string, string>
}

/** A failure that the caller is told about: RFC 9457. `detail` is for the caller and says what to do next. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly errors: FieldError[] | undefined
  readonly headers: Record<string, string>

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause })
    this.name = 'Problem'
    this.code = code
    this.errors = options.errors
    this.headers = options.headers ?? {}
  }

  get status(): number {
    return problems[this.code].status
  }
}

/** Most messages end the sentence that the field's name begins. */
const VERB = /^(?:must|is) /

/** The 422 that names every field at fault. @param errors at least one */
export function invalid(errors: FieldError[]): Problem {
  const [first] = errors
  const named = first?.path
    ? `${first.path}${VERB.test(first.message) ? '' : ':'} ${first.message}`
    : `The body ${first?.message}`
  const rest = errors.length > 1 ? `, and ${errors.length - 1} more; see errors` : ''
  return new Problem('validation-failed', `${named}${rest}.`, { errors })
}
