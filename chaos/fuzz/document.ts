// The service's OpenAPI document, as far as requests and answers are made and judged by it.
import { readFileSync } from 'node:fs'

export interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  enum?: unknown[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  anyOf?: Schema[]
  oneOf?: Schema[]
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  schema: Schema
}

export interface Operation {
  id: string
  /** In capitals. */
  method: string
  /** `/jobs/{id}` */
  path: string
  parameters: Parameter[]
  body: { schema: Schema; required: boolean } | null
  /** What each status is documented to answer: media type and the schema's place in the document. */
  answers: Map<string, { type: string; pointer: string }>
  /** Place of the body's schema in the document. */
  bodyPointer: string | null
  /** Whether it asks for the API key. */
  secured: boolean
}

export interface Document {
  /** As it is in the file. */
  source: object
  operations: Operation[]
  /** What a schema says, whether it is referred to or written out. */
  resolve(schema: Schema): Schema
  /** The operation that answers a path as it is sent, without its query. */
  find(method: string, path: string): Operation | undefined
}

interface Source {
  paths: Record<string, Record<string, SourceOperation>>
  components: { schemas: Record<string, Schema> }
}

interface SourceOperation {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, { content?: Record<string, unknown> }>
  security?: object[]
}

const JSON_TYPE = 'application/json'

export function readDocument(): Document {
  const file = new URL('../../apps/api/openapi.json', import.meta.url)
  return documentOf(JSON.parse(readFileSync(file, 'utf8')) as Source)
}

export function documentOf(source: Source): Document {
  const operations = Object.entries(source.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, it]) => operationOf(path, method, it)),
  )
  // What is written out wins over a parameter, whatever the method: /jobs/batch is no job.
  const inTurn = operations
    .map((operation) => ({ operation, form: formOf(operation.path) }))
    .sort((a, b) => parametersIn(a.operation) - parametersIn(b.operation))
  return {
    source,
    operations,
    resolve(schema) {
      const name = /^#\/components\/schemas\/(.+)$/.exec(schema.$ref ?? '')?.[1]
      return name ? (source.components.schemas[name] as Schema) : schema
    },
    find(method, path) {
      const matching = inTurn.filter(({ form }) => form.test(path)).map(({ operation }) => operation)
      const [nearest] = matching
      return matching.find((it) => it.method === method && parametersIn(it) === parametersIn(nearest ?? it))
    },
  }
}

function operationOf(path: string, method: string, source: SourceOperation): Operation {
  const { operationId, parameters = [], requestBody, responses, security = [] } = source
  const place = `#/paths/${pointerPart(path)}/${method}`
  const answers = Object.entries(responses).flatMap(([status, { content = {} }]) =>
    Object.keys(content).map((type): [string, { type: string; pointer: string }] => [
      status,
      { type, pointer: `${place}/responses/${status}/content/${pointerPart(type)}/schema` },
    ]),
  )
  const schema = requestBody?.content[JSON_TYPE]?.schema
  return {
    id: operationId,
    method: method.toUpperCase(),
    path,
    parameters,
    body: schema ? { schema, required: requestBody?.required ?? false } : null,
    answers: new Map(answers),
    bodyPointer: schema ? `${place}/requestBody/content/${pointerPart(JSON_TYPE)}/schema` : null,
    secured: security.length > 0,
  }
}

/** As express has it: capitals do not matter, nor does one slash at the end. */
const formOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'i')

const parametersIn = ({ path }: Operation): number => path.split('{').length

const pointerPart = (part: string): string => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
