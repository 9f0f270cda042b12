import { blackoutNotFound } from '@scheduler/db/queries/blackouts'
import { executionNotFound } from '@scheduler/db/queries/executions'
import { jobNotFound } from '@scheduler/db/queries/jobs'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The id of a job in a path. @throws Problem `job-not-found` for what can be none. */
export function jobId({ id = '' }: Record<string, string>): string {
  if (UUID.test(id)) return id
  throw jobNotFound(id)
}

/** The id of an execution in a path. @throws Problem `execution-not-found` for what can be none. */
export function executionId({ id = '' }: Record<string, string>): string {
  if (UUID.test(id)) return id
  throw executionNotFound(id)
}

/** The id of a blackout in a path. @throws Problem `blackout-not-found` for what can be none. */
export function blackoutId({ id = '' }: Record<string, string>): string {
  if (UUID.test(id)) return id
  throw blackoutNotFound(id)
}
