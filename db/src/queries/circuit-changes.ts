import { and, desc, eq, lt } from 'drizzle-orm'
import type { Db } from '../client.ts'
import { type CircuitChangeRow, circuitChanges } from '../schema/destinations.ts'

/** Up to `limit` changes of a destination's circuit, newest first; those after the change `after` of the same order. */
export async function listCircuitChanges(
  db: Db,
  destination: string,
  { limit, after }: { limit: number; after: string | null },
): Promise<CircuitChangeRow[]> {
  const of = eq(circuitChanges.destination, destination)
  return await db
    .select()
    .from(circuitChanges)
    .where(after ? and(of, lt(circuitChanges.id, after)) : of)
    .orderBy(desc(circuitChanges.id))
    .limit(limit)
}
