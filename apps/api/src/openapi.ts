import {
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type ResponseConfig,
  type RouteConfig,
} from '@asteasolutions/zod-to-openapi'
import { type ProblemCode, problems } from '@scheduler/core/problem'
import { z } from 'zod'
import { ProblemAnswer } from './answers.ts'
import { successesOf } from './dry-run-answer.ts'
import { type AnyRoute, isHealth, type Success } from './route.ts'
import { routes } from './routes/index.ts'

const JSON_TYPE = 'application/json'
const PROBLEM_TYPE = 'application/problem+json'

const isOpen = ({ path }: AnyRoute) => isHealth(path)
const needsKey = (route: AnyRoute) => !isOpen(route) && !route.signed

const headerTexts = {
  ETag: "The job's version in quotes; send it back as If-Match.",
  'Idempotency-Replayed': '`true` where this is the answer to an earlier request with the same `Idempotency-Key`.',
  Link: 'The next page, `<…>; rel="next"`; absent on the last.',
  Location: 'Where it can be read.',
}

const IdempotencyHeader = z.object({
  'Idempotency-Key': z.string().min(1).max(255).optional().meta({
    pattern: '^[!-~]+$',
    description:
      'Makes it safe to repeat the request: within 24 hours the same request with the same key is carried out once, and gets the same answer; another request with the key is refused. Visible ASCII characters, a random UUID for example.',
    example: '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d',
  }),
})

const MatchHeader = z.object({
  'If-Match': z.string().optional().meta({
    description: 'The ETag of the job as the client knows it: the request is refused where the job has changed since.',
    example: '"1"',
  }),
})

/** The OpenAPI 3.1 document of all routes, made from the schemas that validate. */
export function openapi() {
  const registry = new OpenAPIRegistry()
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key.',
  })
  for (const code of Object.keys(problems) as ProblemCode[]) {
    registry.registerComponent('examples', code, { value: problemExample(code) })
  }
  for (const route of routes) registry.registerPath(operation(route))
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Scheduler',
      version: '0.1.0',
      description:
        'Calls URLs on time. Register a job; workers POST its payload to its callback URL when it is due; every occurrence ends in the ledger of executions.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'Jobs', description: 'What clients register.' },
      { name: 'Executions', description: 'The ledger: what became of each occurrence.' },
      { name: 'Operations', description: 'What those who run it look at.' },
    ],
  })
}

function operation(route: AnyRoute): RouteConfig {
  const { method, path, tag, summary, description, params, query, bodyOptional, examples } = route
  const body = route.bodyShown ?? route.body
  return {
    method,
    path,
    operationId: operationId(route),
    tags: [tag],
    summary,
    ...(description && { description }),
    security: needsKey(route) ? [{ apiKey: [] }] : [],
    request: {
      ...(params && { params }),
      ...(query && { query: query as NonNullable<RouteConfig['request']>['query'] & object }),
      ...headersAsked(route),
      ...(body && {
        body: {
          required: !bodyOptional,
          content: { [JSON_TYPE]: { schema: body, ...(examples.body && { examples: named(examples.body) }) } },
        },
      }),
    },
    responses: {
      ...successes(route),
      ...problemResponses(route),
    },
  }
}

function headersAsked({ idempotent, problems }: AnyRoute) {
  const asked = [idempotent && IdempotencyHeader, problems.includes('stale-version') && MatchHeader].filter(
    (it) => !!it,
  )
  return asked.length > 0 && { headers: z.object(Object.assign({}, ...asked.map((it) => it.shape))) }
}

/** Every answer that is no problem; those with one status as one. */
function successes(route: AnyRoute): Record<string, ResponseConfig> {
  const { answer } = route
  const byStatus = Map.groupBy(successesOf(route), ({ status }) => status)
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => {
      const schemas = some.map(({ schema }) => schema)
      const either = {
        status,
        schema: schemas.length > 1 ? z.union(schemas) : (schemas[0] ?? z.never()),
        description: some.map(({ description }) => description).join(' '),
        headers: some.flatMap(({ headers = [] }) => headers),
      }
      return [status, success(either, route, status === answer.status ? route.examples.answer : undefined)]
    }),
  )
}

function success(
  { description, headers = [], schema }: Success,
  { idempotent }: AnyRoute,
  examples?: Record<string, unknown>,
): ResponseConfig {
  const names = idempotent ? [...headers, 'Idempotency-Replayed' as const] : headers
  return {
    description,
    ...(names.length > 0 && { headers: headersOf(names) }),
    content: { [JSON_TYPE]: { schema, ...(examples && { examples: named(examples) }) } },
  }
}

function operationId({ method, path }: AnyRoute): string {
  const words = path.split(/[/-]/).map((part) => (part.startsWith('{') ? 'one' : part))
  return [method, ...words.filter(Boolean)].map((it, i) => (i ? it.charAt(0).toUpperCase() + it.slice(1) : it)).join('')
}

/** Everything the route may refuse with: what it lists, and what its shape brings with it. */
export function problemsOf(route: AnyRoute): ProblemCode[] {
  const codes = new Set<ProblemCode>(route.problems)
  if (needsKey(route)) codes.add('unauthorized')
  // A parameter that the route does not know is refused as well, also where it knows none.
  if (!isOpen(route)) codes.add('validation-failed')
  // Whatever is in its path is decoded first.
  if (route.params) codes.add('malformed-url')
  if (route.idempotent) codes.add('idempotency-key-reused')
  if (route.body) codes.add('malformed-json').add('body-too-large').add('unsupported-media-type')
  if (!isOpen(route) && route.path !== '/callback/test') codes.add('database-unavailable')
  return [...codes]
}

function problemResponses(route: AnyRoute): Record<string, ResponseConfig> {
  const byStatus = Object.entries(Object.groupBy(problemsOf(route), (code) => problems[code].status))
  const responses = byStatus.map(([status, codes = []]): [string, ResponseConfig] => [
    status,
    {
      description: codes.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' '),
      content: {
        [PROBLEM_TYPE]: { schema: ProblemAnswer, examples: referred(codes) },
      },
    },
  ])
  if (['/health', '/health/ready'].includes(route.path)) {
    const content = { [JSON_TYPE]: { schema: route.answer.schema } }
    responses.push(['503', { description: 'Something is missing; the body says what.', content }])
  }
  if (route.path === '/callback/test') {
    const content = { [JSON_TYPE]: { schema: route.answer.schema } }
    responses.push(['default', { description: 'The status that was asked for.', content }])
  }
  return Object.fromEntries(responses)
}

function problemExample(code: ProblemCode) {
  const { status, title } = problems[code]
  const errors = code === 'validation-failed' ? [{ path: 'timezone', message: 'must be a time zone' }] : undefined
  return { type: `/problems/${code}`, title, status, detail: `${title}.`, instance: '/jobs', ...(errors && { errors }) }
}

function referred(codes: ProblemCode[]) {
  return Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]))
}

function named(examples: Record<string, unknown>) {
  return Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]))
}

function headersOf(names: (keyof typeof headerTexts)[]) {
  return Object.fromEntries(
    names.map((name) => [name, { description: headerTexts[name], schema: { type: 'string' as const } }]),
  )
}
