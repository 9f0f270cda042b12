import { commonSettings, parseSettings } from '@scheduler/core/settings'
import { z } from 'zod'

const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most)

/** Every variable that a worker reads. */
export const configShape = {
  ...commonSettings,
  WORKER_CONCURRENCY: count(1, 10_000).default(100).describe('Attempts in flight per worker.'),
  DESTINATION_CONCURRENCY: count(1, 10_000)
    .optional()
    .describe('Attempts in flight per worker to one destination; half of WORKER_CONCURRENCY where not set.'),
  CIRCUIT_RESET_TIMEOUT: z.coerce
    .number()
    .min(0.1)
    .max(86_400)
    .default(60)
    .describe('Seconds a circuit stays open before one execution may probe.'),
  CIRCUIT_DRAIN_RATE: z.coerce
    .number()
    .min(0.1)
    .max(10_000)
    .default(20)
    .describe('Parked executions a second that go first once a circuit has closed; twice as many every two seconds.'),
  DRAIN_TIMEOUT_SECONDS: count(0, 3_600).default(30).describe('Seconds a stopping worker may finish what it holds.'),
  LEDGER_RETENTION_DAYS: count(1, 36_500)
    .default(30)
    .describe('Days that finished executions, and deleted and completed jobs, are kept.'),
  DEAD_LETTER_RETENTION_DAYS: count(1, 36_500)
    .default(90)
    .describe('Days that dead letters are kept; never less than LEDGER_RETENTION_DAYS.'),
}

export type Config = ReturnType<typeof loadConfig>

/** @throws Error with one sentence for each variable at fault. */
export function loadConfig(env: Record<string, string | undefined>) {
  const settings = parseSettings(configShape, env)
  return Object.freeze({
    ...settings,
    destinationConcurrency: settings.DESTINATION_CONCURRENCY ?? Math.max(1, Math.ceil(settings.WORKER_CONCURRENCY / 2)),
  })
}
