import { parseCallbackUrl } from '@scheduler/core/callback-url'
import { invalid } from '@scheduler/core/problem'
import { type CircuitChange, changeCircuit } from '@scheduler/db/queries/change-circuit'
import { readCircuit } from '@scheduler/db/queries/list-circuits'
import { z } from 'zod'
import { toCircuit } from './resources.ts'
import type { Answer, Deps } from './route.ts'

export const DestinationParams = z.object({
  destination: z.string().meta({
    description: 'Origin of the callback URLs, escaped: `https%3A%2F%2Fexample.com`.',
    example: 'https://example.com',
  }),
})

/**
 * The destination in a path: an origin, however it is written. @throws Problem `validation-failed` for what is none, a URL
 * with a path for example, which would silently mean something else.
 */
export function destinationOf({ destination = '' }: Record<string, string>): string {
  const read = parseCallbackUrl(destination)
  const url = 'url' in read ? read.url : null
  if (url && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password) return url.origin
  const message = 'must be the origin of callback URLs, escaped, such as https%3A%2F%2Fexample.com'
  throw invalid([{ path: 'destination', message }])
}

/** The circuit of a destination; closed where it never failed. */
export async function circuitAnswer(destination: string, { pool }: Deps): Promise<Answer> {
  const found = await readCircuit(pool, destination)
  const never = {
    state: 'closed',
    failures: 0,
    openedAt: null,
    retryAt: null,
    drainOrder: 'oldest',
    parked: 0,
    parkedIsLowerBound: false,
  } as const
  return { body: toCircuit(found ?? { ...never, destination, drainingSince: null }) }
}

/** Changes the circuit of the path's destination, and answers with it. */
export async function changeThrough(
  params: Record<string, string>,
  change: CircuitChange,
  deps: Deps,
): Promise<Answer> {
  const destination = destinationOf(params)
  await changeCircuit(deps.pool, destination, change)
  return await circuitAnswer(destination, deps)
}
