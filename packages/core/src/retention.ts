import { z } from 'zod'

/** How much of a job's past is kept, as a client writes it, and as it is stored: without a part that does not bound it. */
export interface Retention {
  /** Finished executions, the newest. */
  executions?: number
  days?: number
}

const executions = z.int().min(1).max(100_000).meta({
  description: 'How many finished executions are kept, the newest; LEDGER_RETENTION_COUNT bounds it too.',
  example: 1_000,
})
const days = z.int().min(1).max(36_500).meta({
  description: 'For how many days finished executions are kept; LEDGER_RETENTION_DAYS bounds it too.',
  example: 7,
})
const meta = {
  description:
    'Has less of the past of the job kept than the instance does: both bounds hold, and of two of a kind the lower one. Unfinished executions and dead letters are not counted out.',
}

const parts = { executions: executions.nullish(), days: days.nullish() }
export const RetentionInput = z.strictObject(parts).meta(meta)
export const RetentionAnswer = z.strictObject({ executions: executions.nullable(), days: days.nullable() }).meta(meta)

/**
 * What is stored of what is given, on top of `base`: undefined leaves a part as it is, null takes it away. Null where nothing
 * is left that bounds.
 */
export function readRetention(given: z.infer<typeof RetentionInput> | null, base: Retention | null): Retention | null {
  const { executions, days } = { ...base, ...defined(given ?? { executions: null, days: null }) }
  const retention: Retention = { ...(executions && { executions }), ...(days && { days }) }
  return Object.keys(retention).length > 0 ? retention : null
}

const defined = (parts: object): { executions?: number | null; days?: number | null } =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined))
