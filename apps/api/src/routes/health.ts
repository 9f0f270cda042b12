import { systemClock } from '@scheduler/core/clock'
import { hasLiveWorker } from '@scheduler/db/queries/list-circuits'
import { z } from 'zod'
import { HealthAnswer } from '../answers.ts'
import { health as example } from '../examples.ts'
import { type Deps, route } from '../route.ts'

const MEASURE_MS = 1_800
const timestamp = () => systemClock.now().toISOString()

export const health = route({
  method: 'get',
  path: '/health',
  tag: 'Operations',
  summary: 'Whether callbacks are being sent',
  description:
    'Measured: the database by a query, the scheduler by the heartbeats of its workers. 503 when either is missing.',
  answer: { status: 200, schema: HealthAnswer, description: 'Both are there.' },
  problems: [],
  examples: { answer: { healthy: example } },

  async handle(_input, deps) {
    const workers = await measure(deps)
    const healthy = workers === true
    return {
      status: healthy ? 200 : 503,
      body: {
        status: healthy ? 'healthy' : 'unhealthy',
        timestamp: timestamp(),
        components: {
          scheduler: healthy ? 'running' : 'stopped',
          database: workers === null ? 'disconnected' : 'connected',
        },
      },
    }
  },
})

export const live = route({
  method: 'get',
  path: '/health/live',
  tag: 'Operations',
  summary: 'Whether the process answers',
  answer: {
    status: 200,
    schema: z.strictObject({ status: z.literal('alive'), timestamp: z.string() }).meta({ id: 'Live' }),
    description: 'It does.',
  },
  problems: [],
  examples: { answer: { alive: { status: 'alive', timestamp: example.timestamp } } },

  async handle() {
    return { body: { status: 'alive', timestamp: timestamp() } }
  },
})

export const ready = route({
  method: 'get',
  path: '/health/ready',
  tag: 'Operations',
  summary: 'Whether requests can be served',
  description: 'Whether the database answers; workers are not asked for. 503 when it does not.',
  answer: {
    status: 200,
    schema: z.strictObject({ status: z.enum(['ready', 'not_ready']), timestamp: z.string() }).meta({ id: 'Ready' }),
    description: 'They can.',
  },
  problems: [],
  examples: { answer: { ready: { status: 'ready', timestamp: example.timestamp } } },

  async handle(_input, deps) {
    const isReady = (await measure(deps)) !== null && deps.boss() !== null
    return {
      status: isReady ? 200 : 503,
      body: { status: isReady ? 'ready' : 'not_ready', timestamp: timestamp() },
    }
  },
})

/** Whether a worker lives; null when the database does not say so in time. */
async function measure({ pool }: Deps): Promise<boolean | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), MEASURE_MS)
  })
  try {
    // Whatever goes wrong is what the answer says; the request log has its 503.
    return await Promise.race([hasLiveWorker(pool).catch(() => null), late])
  } finally {
    clearTimeout(timer)
  }
}
