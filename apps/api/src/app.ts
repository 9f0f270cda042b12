import { Problem } from '@scheduler/core/problem'
import express, { type Express, type Request } from 'express'
import { z } from 'zod'
import { answerProblem, databaseUnavailable } from './answer-problem.ts'
import { auth } from './auth.ts'
import { check } from './check.ts'
import { serveDocs } from './docs.ts'
import { idempotencyOf } from './idempotency.ts'
import { readJson } from './json-body.ts'
import { restorePlus } from './queries.ts'
import { requestLog } from './request-log.ts'
import { type Answer, type AnyRoute, type Deps, isHealth } from './route.ts'
import { routes } from './routes/index.ts'
import { isTestCallback } from './test-receiver.ts'

/** A database that is away is answered within two seconds, whichever of a route's statements it is that hangs. */
const DEADLINE_MS = 1_900

/** The HTTP application, in the order in which a request passes through it. */
export function createApp(deps: Deps): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple')

  app.use(requestLog(deps.log))
  app.use(auth(deps.settings.apiKeys, (req) => isTestCallback(req, deps)))
  serveDocs(app)
  const enabled = routes.filter((it) => it.enabled?.(deps.settings) ?? true)
  for (const [path, methods] of Map.groupBy(enabled, pathOf)) {
    for (const route of methods) mount(app, route, deps)
    refuseOthers(app, path, methods)
  }
  app.use((req, _res, next) => {
    next(new Problem('not-found', `There is no ${req.method} ${req.path} here; GET /openapi.json lists what there is.`))
  })
  app.use(answerProblem(deps.log, deps.settings.publicUrl))
  return app
}

/** The one place where a route meets express. */
function mount(app: Express, route: AnyRoute, deps: Deps): void {
  app[route.method](pathOf(route), async (req, res) => {
    const query = route.query ? check(route.query, restorePlus(req.query), 'parameter') : refuseQuery(req, route)
    const sent = route.body && (await bodyOf(req, route))
    const body = route.body && check(route.body, sent)
    const idempotency = idempotencyOf(req, sent, route)
    const input = { params: req.params, query, body, headers: req.headers, url: req.originalUrl, idempotency }
    const answer = await withDeadline(route.handle(input as never, deps), route.deadlineMs ?? DEADLINE_MS)
    res.status(answer.status ?? route.answer.status).set(answer.headers ?? {})
    res.type('application/json').end(answer.text ?? JSON.stringify(answer.body))
  })
}

/** Express's form of `/jobs/{id}`. */
const pathOf = (route: AnyRoute): string => route.path.replaceAll(/\{(\w+)\}/g, ':$1')

async function bodyOf(req: Request, route: AnyRoute): Promise<unknown> {
  const body = await readJson(req, route.bodyLimit)
  if (body !== undefined) return body
  if (route.bodyOptional) return {}
  const wanted = route.body instanceof z.ZodArray ? 'a JSON array' : 'a JSON object'
  throw new Problem('validation-failed', `The body is empty; send ${wanted}.`, {
    errors: [{ path: '', message: `must be ${wanted}, not empty` }],
  })
}

function refuseQuery(req: Request, route: AnyRoute): undefined {
  if (isHealth(route.path)) return
  const errors = Object.keys(req.query).map((path) => ({ path, message: 'is not a parameter of this route' }))
  if (errors[0]) throw new Problem('validation-failed', `${errors[0].path} ${errors[0].message}.`, { errors })
}

async function withDeadline(work: Promise<Answer>, ms: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(databaseUnavailable(new Error(`no answer within ${ms} ms`))), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** 405 with what the path does answer. */
function refuseOthers(app: Express, path: string, methods: AnyRoute[]): void {
  const allowed = methods.map((it) => it.method.toUpperCase())
  const allow = (allowed.includes('GET') ? ['HEAD', ...allowed] : allowed).join(', ')
  app.all(path, (req, _res, next) => {
    next(new Problem('method-not-allowed', `${req.path} answers ${allow}.`, { headers: { allow } }))
  })
}
