import { parseCallbackUrl } from '@scheduler/core/callback-url'
import { commonSettings, decimal, parseSettings, targetPolicy, whole } from '@scheduler/core/settings'
import { badCidrs, checkTarget } from '@scheduler/core/target'
import { z } from 'zod'

/** Every variable that a worker reads. */
export const configShape = {
  ...commonSettings,
  WORKER_CONCURRENCY: whole(1, 10_000).default(100).describe('Attempts in flight per worker.'),
  DESTINATION_CONCURRENCY: whole(1, 10_000)
    .optional()
    .describe('Attempts in flight per worker to one destination; half of WORKER_CONCURRENCY where not set.'),
  CIRCUIT_RESET_TIMEOUT: decimal(0.1, 86_400)
    .default(60)
    .describe('Seconds a circuit stays open before one execution may probe.'),
  CIRCUIT_DRAIN_RATE: decimal(0.1, 10_000)
    .default(20)
    .describe('Parked executions a second that go first once a circuit has closed; twice as many every two seconds.'),
  DRAIN_TIMEOUT_SECONDS: whole(0, 3_600).default(30).describe('Seconds a stopping worker may finish what it holds.'),
  LEDGER_RETENTION_DAYS: whole(1, 36_500)
    .default(30)
    .describe('Days that finished executions, deleted and completed jobs, and notifications are kept.'),
  LEDGER_RETENTION_COUNT: whole(1, 100_000)
    .optional()
    .describe('Finished executions that are kept of each job, the newest; any number where not set.'),
  DEAD_LETTER_RETENTION_DAYS: whole(1, 36_500)
    .default(90)
    .describe('Days that dead letters are kept; never less than LEDGER_RETENTION_DAYS.'),
  NOTIFY_URL: z
    .string()
    .refine((text) => 'url' in parseCallbackUrl(text), 'must be a URL such as https://example.com/scheduler')
    .optional()
    .describe('Where the events of all jobs and circuits are sent, whatever jobs have theirs sent to.'),
}

export type Config = ReturnType<typeof loadConfig>

/** @throws Error with one sentence for each variable at fault. */
export function loadConfig(env: Record<string, string | undefined>) {
  const settings = parseSettings(configShape, env)
  // It is held to what holds for callbacks; a range that can't be read is said by the client.
  if (settings.NOTIFY_URL && badCidrs(settings.CALLBACK_ALLOW_CIDRS).length === 0) {
    const fault = checkTarget(new URL(settings.NOTIFY_URL), targetPolicy(settings))
    if (fault) throw new Error(`Bad environment. NOTIFY_URL: ${fault}.`)
  }
  return Object.freeze({
    ...settings,
    destinationConcurrency: settings.DESTINATION_CONCURRENCY ?? Math.max(1, Math.ceil(settings.WORKER_CONCURRENCY / 2)),
  })
}
