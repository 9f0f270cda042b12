import { type Flow, liftLimit, limitFlow, listFlows } from '@scheduler/db/queries/flow-limits'
import type { FlowKind } from '@scheduler/db/schema/flow-limits'
import { z } from 'zod'
import { COUNTED_IN_LIST, Message } from '../answers.ts'
import {
  DestinationAnswer,
  destinationIn,
  FlowBody,
  FlowKeyAnswer,
  flowKeyIn,
  settingsOf,
  toFlow,
} from '../flow-fields.ts'
import { decodeCursor, linkToNext, NAME_POSITION, pageFields } from '../paging.ts'
import { type AnyRoute, route } from '../route.ts'

/** What is told apart by the kind of flow. */
interface Words {
  kind: FlowKind
  /** `/destinations` */
  list: string
  /** `/destinations/{destination}` */
  one: string
  params: z.ZodObject
  read: (params: Record<string, string>) => string
  schema: z.ZodType
  show: (flow: Flow) => unknown
  /** In sentences: what has the limit. */
  word: string
  listed: string
  example: string
}

const body = { rate: { count: 10, per_seconds: 1 }, concurrency: 5, paused: false }
const lifted = { message: 'Limits lifted' }

/** The routes by which the limits of one kind of flow are looked at, set and lifted. */
function flowRoutes(words: Words): AnyRoute[] {
  const { kind, list, one, params, read, schema, show, word } = words
  const example = show({
    ...{ flow: words.example, rate: { count: 10, perSeconds: 1 }, concurrency: 5, paused: false },
    ...{ parked: 120, parkedIsLowerBound: false, inFlight: 3 },
  })
  return [
    route({
      method: 'get',
      path: list,
      tag: 'Operations',
      summary: `List limits of ${word}s`,
      description: `${words.listed} In order of name. ${COUNTED_IN_LIST} The next page, when there is one, is in the \`Link\` header.`,
      query: z.strictObject(pageFields),
      answer: { status: 200, schema: z.array(schema), description: 'The limits.', headers: ['Link'] },
      problems: [],
      examples: { answer: { one: [example] } },

      async handle({ query: { limit, cursor }, url }, { pool, settings }) {
        const after = decodeCursor(kind, NAME_POSITION, cursor)?.[0] ?? null
        const flows = await listFlows(pool, kind, { limit: limit + 1, after })
        const page = flows.slice(0, limit)
        const last = flows.length > limit ? page.at(-1)?.flow : null
        return { body: page.map(show), ...linkToNext(url, kind, last, settings.publicUrl) }
      },
    }),
    route({
      method: 'put',
      path: one,
      tag: 'Operations',
      summary: `Limit a ${word}`,
      description: `For all workers together, in place of what limited it before: what is left out is not limited. What is over it is parked, and goes out as the limit allows, one of each job in turn. A pause stops what has not begun; what is in flight ends.`,
      params,
      body: FlowBody,
      answer: { status: 200, schema, description: 'The limits as they are now.' },
      problems: [],
      examples: { body: { limits: body }, answer: { limits: example } },

      async handle(input, { pool }) {
        return { body: show(await limitFlow(pool, kind, read(input.params), settingsOf(input.body))) }
      },
    }),
    route({
      method: 'delete',
      path: one,
      tag: 'Operations',
      summary: `Lift the limits of a ${word}`,
      description: 'What they held back is let go, at most 2,000 a second.',
      params,
      answer: { status: 200, schema: Message, description: 'Done, or there were none.' },
      problems: ['validation-failed'],
      examples: { answer: { done: lifted } },

      async handle(input, { pool }) {
        await liftLimit(pool, kind, read(input.params))
        return { body: lifted }
      },
    }),
  ]
}

const destinations = flowRoutes({
  kind: 'destination',
  list: '/destinations',
  one: '/destinations/{destination}',
  params: z.object({ destination: z.string().meta({ description: 'An origin, percent-encoded.' }) }),
  read: destinationIn,
  schema: DestinationAnswer,
  show: (flow) => ({ destination: flow.flow, ...toFlow(flow) }),
  word: 'destination',
  listed: 'Every destination that has limits, or whose circuit is known.',
  example: 'https://example.com',
})

const keys = flowRoutes({
  kind: 'key',
  list: '/flow-keys',
  one: '/flow-keys/{key}',
  params: z.object({ key: z.string().meta({ description: 'A flow key of jobs, percent-encoded.' }) }),
  read: flowKeyIn,
  schema: FlowKeyAnswer,
  show: (flow) => ({ flow_key: flow.flow, ...toFlow(flow) }),
  word: 'flow key',
  listed: 'Every flow key that has limits.',
  example: 'tenant-17',
})

export const flowLimits = [...destinations, ...keys]
