import { randomUUID } from 'node:crypto'

/** What a peer keeps for one callback: as much as our own queue and ledger know of one. */
export interface Item {
  id: string
  jobId: string
  /** ISO 8601. */
  scheduledFor: string
  url: string
  body: string
}

export function makeItems(count: number, due: Date, url: string): Item[] {
  const scheduledFor = due.toISOString()
  return Array.from({ length: count }, () => ({
    ...{ id: randomUUID(), jobId: randomUUID(), scheduledFor, url },
    body: '{"n":1}',
  }))
}
