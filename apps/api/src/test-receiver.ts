import { isRunning } from '@scheduler/db/queries/is-running'
import type { Request } from 'express'
import type { Deps } from './route.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Whether a request is a callback that one of our workers is just sending to `/callback/test`: it names an execution
 * whose attempt is in flight. Nobody else knows such an id without having read it with a key.
 */
export async function isTestCallback(req: Request, { pool, settings }: Deps): Promise<boolean> {
  if (!settings.testEndpoints || req.method !== 'POST' || req.path !== '/callback/test') return false
  const id = String(req.headers['webhook-id'] ?? '')
  const scheduledFor = new Date(String(req.headers['x-scheduler-scheduled-for'] ?? ''))
  if (!UUID.test(id) || Number.isNaN(scheduledFor.getTime())) return false
  return await isRunning(pool, { id, scheduledFor })
}
