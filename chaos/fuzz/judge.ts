// Whether an answer is one that the document promises, and says what it should and nothing that it should not.
import { problems } from '@scheduler/core/problem'
import type { Document, Operation } from './document.ts'
import { SECRET_MARK } from './maker.ts'
import type { FuzzAnswer, FuzzRequest } from './request.ts'
import type { Schemas } from './schemas.ts'

/** How long an answer may take, ms: what changes many at once works them off one after the other. */
const mostMs = ({ path }: Operation): number => (/\/batch|^\/dead-letters/.test(path) ? 10_000 : 2_000)

const PROBLEM_TYPE = 'application/problem+json'

/** What answers that are no operation's may say: to a path or a method that there is none of. */
const NO_OPERATION = ['malformed-url', 'unauthorized', 'not-found', 'method-not-allowed']

/** What node says by itself, with no body, to what is no HTTP. */
const NO_HTTP = [400, 408, 413, 417, 431]

const LEAKS = [
  /\n\s+at .{1,80}:\d+:\d+|\(\S+:\d+:\d+\)/,
  /node_modules|node:internal|\.ts:\d+/,
  /\b(?:select|insert into|update|delete from)\b[^.]{0,80}\b(?:from|values|set|where)\b/i,
  /\bpgboss\b|\bpg_\w+|duplicate key value|violates|syntax error at or near|invalid input syntax|DrizzleQueryError|Failed query/i,
  /postgres(?:ql)?:\/\//,
  /\[object Object\]|\bundefined\b|\bNaN\b/,
]

/** The mark of all secrets, as it is and in base64. */
const SECRETS = [SECRET_MARK, Buffer.from(SECRET_MARK).toString('base64').slice(0, 12)]

/** What is wrong with an answer, one sentence a fault. */
export interface Judge {
  faultsOf(request: FuzzRequest, answer: FuzzAnswer): string[]
}

/** @param heldUpMs for how long the machine itself held up, at the most, what took the last so many ms */
export function judge(document: Document, schemas: Schemas, apiKey: string, heldUpMs = (_: number) => 0): Judge {
  return {
    faultsOf(request, answer) {
      if (isNodesOwn(request, answer)) return []
      const [path = ''] = request.target.split('?')
      const operation = request.wire ? undefined : document.find(isHead(request) ? 'GET' : request.method, path)
      return [
        ...statusFaults(request, answer, operation),
        ...(isHead(request) || !answer.text ? [] : bodyFaults(request, answer, operation)),
        ...secretFaults(answer.text + JSON.stringify(answer.headers)),
        ...(answer.ms > mostMs(request.operation) + heldUpMs(answer.ms) ? [`took ${Math.round(answer.ms)} ms`] : []),
      ]
    },
  }

  function bodyFaults(request: FuzzRequest, answer: FuzzAnswer, operation: Operation | undefined): string[] {
    const { headers, text, status } = answer
    const type = headers['content-type'] ?? ''
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      return operation ? [`is no JSON, but ${type}`] : []
    }
    if (type.startsWith(PROBLEM_TYPE)) return problemFaults(request, answer, body as ProblemBody)
    const documented = operation?.answers.get(String(status)) ?? operation?.answers.get('default')
    if (!documented) return operation ? [`is ${type}, not ${PROBLEM_TYPE}`] : []
    if (!type.startsWith(documented.type)) return [`is ${type}, not ${documented.type}`]
    const faults = [...schemas.faultsOf(documented.pointer, body).map((it) => `breaks its schema: ${it}`)]
    // What elements of a batch are refused for stands in the results.
    if (status < 300 && isForbidden(request, operation))
      faults.push('was accepted, though the schema of the body forbids it')
    return faults
  }

  function problemFaults(request: FuzzRequest, { status }: FuzzAnswer, body: ProblemBody): string[] {
    const faults = schemas.faultsOf('#/components/schemas/Problem', body).map((it) => `is no problem: ${it}`)
    const code = String(body.type).split('/').at(-1) ?? ''
    const known = Object.hasOwn(problems, code) ? problems[code as keyof typeof problems] : undefined
    if (!known) faults.push(`has the unknown type ${body.type}`)
    else if (known.status !== status || known.title !== body.title) faults.push(`is not what ${code} is`)
    if (body.status !== status) faults.push(`says status ${body.status} with ${status}`)
    if (code === 'validation-failed' && !body.errors?.length) faults.push('names no field')
    if (code === 'validation-failed' && isSurelyWrong(request) && !names(body, request.field)) {
      faults.push(`does not name ${request.field}, but ${body.errors?.map(({ path }) => path).join(', ')}`)
    }
    const sentences = [body.detail, ...(body.errors ?? []).map(({ message }) => message)].join('\n')
    const asked = request.target + (request.body?.toString() ?? '') + JSON.stringify(request.headers)
    for (const leak of request.wire ? [] : LEAKS) {
      const [found] = leak.exec(sentences) ?? []
      if (found !== undefined && !asked.includes(found)) faults.push(`lets the caller see ${JSON.stringify(found)}`)
    }
    return faults
  }

  function statusFaults(
    { target, operation: aim }: FuzzRequest,
    answer: FuzzAnswer,
    operation: Operation | undefined,
  ): string[] {
    const { status, text } = answer
    if (operation?.answers.has(String(status))) return status >= 500 ? [`is ${status}`] : []
    if (aim.path === '/callback/test' && new RegExp(`[?&]status=${status}(?:&|$)`).test(target)) return []
    if (status >= 500) return [`is ${status}`]
    const code = /"type":"[^"]*\/([\w-]+)"/.exec(text)?.[1] ?? ''
    if (!operation && (NO_OPERATION.includes(code) || !text || aim.answers.has(String(status)))) return []
    return [`has status ${status}, which is not documented`]
  }

  /** Whether the field at fault is one by the schema: those are named first. */
  function isSurelyWrong({ field, target, ...request }: FuzzRequest): boolean {
    if (field === undefined) return false
    return target.includes(`${encodeURIComponent(field)}=`) || isForbidden({ target, ...request }, request.operation)
  }

  /** Also where the body is no JSON, so that no schema can allow it. */
  function isForbidden({ body, headers, wire }: FuzzRequest, operation: Operation | undefined): boolean {
    if (!operation?.bodyPointer || operation.path === '/jobs/batch' || !body?.length || wire) return false
    if (headers['content-encoding']) return false
    try {
      return schemas.faultsOf(operation.bodyPointer, JSON.parse(new TextDecoder().decode(body))).length > 0
    } catch (error) {
      if (error instanceof SyntaxError) return true
      throw error
    }
  }

  function secretFaults(shown: string): string[] {
    return [...SECRETS, apiKey].filter((it) => shown.includes(it)).map((it) => `shows the secret ${it.slice(0, 8)}…`)
  }
}

interface ProblemBody {
  type: string
  title: string
  status: number
  detail: string
  errors?: { path: string; message: string }[]
}

const isHead = ({ method }: FuzzRequest): boolean => method === 'HEAD'

/** What node has answered before the service saw anything. */
const isNodesOwn = ({ wire, headers }: FuzzRequest, { status, text }: FuzzAnswer): boolean =>
  text === '' && NO_HTTP.includes(status) && (wire !== undefined || status === 431 || headers.expect !== undefined)

const LIST = /^ids\./

/** Whether the field at fault, what it is in or what is in it is named. The whole body is in each; a list of ids has a name. */
function names({ errors = [] }: ProblemBody, field = ''): boolean {
  const meant = field.replace(LIST, '')
  if (meant === '') return true
  return errors.some(({ path }) => {
    const named = path.replace(LIST, '')
    return named === '' || `${named}.`.startsWith(`${meant}.`) || `${meant}.`.startsWith(`${named}.`)
  })
}
