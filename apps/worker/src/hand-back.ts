import { notifyWork } from '@scheduler/db/notify'
import { type ClaimParts, type Held, putBack } from '@scheduler/db/queries/claim'
import type { Leases } from './leases.ts'

/** Lets other workers have what this one holds, and tells them. What can't be put back is theirs when its lease has run out. */
export async function handBack(parts: ClaimParts & { leases: Leases }, items: Held[]): Promise<void> {
  if (items.length > 0) await putBack(parts, items).catch(() => {})
  for (const destination of new Set(items.map((it) => it.destination))) {
    await notifyWork(parts.pool, destination).catch(() => {})
  }
  for (const { item } of items) parts.leases.drop(item)
}
