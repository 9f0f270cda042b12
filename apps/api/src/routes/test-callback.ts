import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { route } from '../route.ts'

const MAX_DELAY_MS = 60_000

const whole = (least: number, most: number, fallback: number, description: string) =>
  z
    .string()
    .regex(/^\d{1,6}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`)
    .default(fallback)
    .meta({ type: 'integer', minimum: least, maximum: most, default: fallback, description })

export const testCallback = route({
  method: 'post',
  path: '/callback/test',
  tag: 'Operations',
  summary: 'A receiver to try callbacks with',
  description:
    'Echoes what it is sent, and rehearses failures. A callback of a worker needs no key. Off in production unless ENABLE_TEST_ENDPOINTS is true.',
  query: z.strictObject({
    status: whole(200, 599, 200, 'The status to answer with.'),
    delay_ms: whole(0, MAX_DELAY_MS, 0, 'How long to wait before answering.'),
  }),
  body: z.unknown().meta({ id: 'AnyJson', description: 'Any JSON.' }),
  bodyOptional: true,
  answer: {
    status: 200,
    schema: z
      .strictObject({
        status: z.enum(['success', 'error']),
        message: z.string(),
        timestamp: z.string(),
        payload: z.unknown(),
      })
      .meta({ id: 'TestCallback' }),
    description: 'What was received.',
  },
  problems: [],
  examples: {
    body: { daily: { type: 'daily_job' } },
    answer: {
      daily: {
        status: 'success',
        message: 'Test callback received',
        timestamp: '2026-11-24T01:00:00.000Z',
        payload: { type: 'daily_job' },
      },
    },
  },
  deadlineMs: MAX_DELAY_MS + 1_000,
  enabled: ({ testEndpoints }) => testEndpoints,

  async handle({ query, body, headers }, { log }) {
    const jobId = plain(headers['x-scheduler-job-id'])
    log.info({ jobId, webhookId: plain(headers['webhook-id']) }, 'test callback received')
    if (query.delay_ms > 0) await wait(query.delay_ms)
    const status = query.status < 300 ? 'success' : 'error'
    const message = 'Test callback received'
    return { status: query.status, body: { status, message, timestamp: new Date().toISOString(), payload: body } }
  },
})

const plain = (header: string | string[] | undefined) => (typeof header === 'string' ? header.slice(0, 64) : undefined)
