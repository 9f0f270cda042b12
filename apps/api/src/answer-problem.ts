import { Problem, problems } from '@scheduler/core/problem'
import { isDatabaseAway } from '@scheduler/db/database-away'
import type { ErrorRequestHandler, Response } from 'express'
import type { Logger } from 'pino'

/** Answers every error as RFC 9457 `application/problem+json`; the only place that does. */
export function answerProblem(log: Logger, publicUrl: string | null): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const problem = toProblem(error)
    if (problem.code === 'internal-error') log.error({ err: causeOf(error), path: req.path }, 'request failed')
    if (problem.code === 'database-unavailable') log.warn({ reason: causeOf(error).message }, 'database away')
    if (res.headersSent) return void res.destroy()
    send(res, problem, publicUrl, req.originalUrl)
  }
}

function send(res: Response, problem: Problem, publicUrl: string | null, url: string): void {
  res.status(problem.status).set(problem.headers).type('application/problem+json')
  const [instance] = url.split('?')
  const { errors, ...rest } = problemBody(problem, publicUrl)
  res.end(JSON.stringify({ ...rest, instance, errors }))
}

/** A problem as it is answered, but for the `instance`, which is the request's. */
export function problemBody(problem: Problem, publicUrl: string | null) {
  const { status, title } = problems[problem.code]
  const type = `${publicUrl ?? ''}/problems/${problem.code}`
  return { type, title, status, detail: problem.message, ...(problem.errors && { errors: problem.errors }) }
}

/** What the caller is told of an error. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isDatabaseAway(error)) return databaseUnavailable(error)
  if (isUndecodable(error)) {
    return new Problem(
      'malformed-url',
      'The path holds a % that no two hexadecimal digits of UTF-8 follow; encode it.',
      {
        cause: error,
      },
    )
  }
  return new Problem('internal-error', 'The request was not carried out. Try again; if it fails again, see the log.', {
    cause: error,
  })
}

export function databaseUnavailable(cause?: unknown): Problem {
  return new Problem('database-unavailable', 'The database does not answer; try again in a moment.', {
    cause,
    headers: { 'retry-after': '2' },
  })
}

/** What express throws for a path such as `/jobs/%ff`. */
function isUndecodable(error: unknown): boolean {
  return error instanceof URIError
}

/**
 * The innermost error, with what a log may hold of it. What wraps it or goes with it, a query's parameters or the row
 * that a constraint refused, can be a client's payload.
 */
export function causeOf(error: unknown): Error {
  let inner = error
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause
  if (!(inner instanceof Error)) return new Error(String(inner))
  const { code, constraint } = inner as { code?: unknown; constraint?: unknown }
  const plain = Object.assign(new Error(inner.message), code ? { code } : {}, constraint ? { constraint } : {})
  if (inner.stack) plain.stack = inner.stack
  return plain
}
