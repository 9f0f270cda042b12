import type { Pool } from '@scheduler/db/pool'
import type { Boss, Item } from '@scheduler/db/queue'
import { HEARTBEAT_SECONDS, renewItems } from '@scheduler/db/queue'
import type { Logger } from 'pino'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

const times = {
  /** How often held items are touched, ms. */
  touchMs: 4_000,
  /** A lease this old starts nothing new, ms. */
  fenceMs: 8_000,
  /** A lease this old is lost, ms. */
  lostMs: HEARTBEAT_SECONDS * 1_000,
  /** How much later those are touched again that somebody had locked, ms: none is locked for that long. */
  againMs: 200,
}

interface Lease {
  item: Item
  /** When the database last knew that it is ours, by this machine's monotonic timer. */
  renewedAt: number
  abort: () => void
}

export interface Leases {
  /** Holds an item, claimed after `claimedAt` (`performance.now()`); `abort` is called when it is lost. */
  hold(item: Item, claimedAt: number, abort: () => void): void
  drop(item: Item): void
  /** When the item was last known to be ours, by `performance.now()`; null when it is not held any more. */
  renewedAt(item: Item): number | null
  readonly held: number
  /** Whether the database has not been heard of for so long that nothing new may start. */
  readonly fenced: boolean
  /** Whether a claim made at `since` is too old for its attempt to start: this process stood still meanwhile. */
  isStale(since: number): boolean
  stop(): Promise<void>
}

/**
 * Keeps this worker's claims alive. What can't be renewed for as long as a heartbeat lasts is broken off: by then
 * another worker may have been given it. The worker fences itself; it needs nobody to tell it that it is cut off.
 */
export function startLeases(boss: Boss, pool: Pool, log: Logger, given: Partial<typeof times> = {}): Leases {
  const { touchMs, fenceMs, lostMs, againMs } = { ...times, ...given }
  const leases = new Map<string, Lease>()
  const { wake, sleep } = createWake()
  const trouble = createTrouble(log, 'touching')
  let stopped = false

  const oldest = () => {
    let least = Number.POSITIVE_INFINITY
    for (const { renewedAt } of leases.values()) least = Math.min(least, renewedAt)
    return least
  }

  /** Returns those that are ours as before, but were locked: they are being begun, or settled, at this moment. */
  const touch = async (touched: Lease[]): Promise<Lease[]> => {
    const startedAt = performance.now()
    const { held, lost } = await renewItems(
      boss,
      pool,
      touched.map(({ item }) => item),
    )
    for (const lease of touched) {
      if (leases.get(lease.item.id) !== lease) continue
      if (held.has(lease.item.id)) lease.renewedAt = startedAt
      else if (lost.has(lease.item.id)) lease.abort()
    }
    return touched.filter(({ item }) => !held.has(item.id) && !lost.has(item.id))
  }

  /** What was begun would otherwise have its turn only when its lease is nearly as old as one that starts nothing new. */
  const touchAll = async () => {
    const locked = await touch([...leases.values()])
    if (locked.length === 0) return
    await sleep(againMs)
    const left = locked.filter((lease) => leases.get(lease.item.id) === lease)
    if (left.length > 0 && !stopped) await touch(left)
  }

  const abortOverdue = () => {
    const limit = performance.now() - lostMs
    for (const lease of leases.values()) if (lease.renewedAt < limit) lease.abort()
  }

  const loop = async () => {
    while (!stopped) {
      await sleep(trouble.pauseMs || touchMs)
      if (leases.size === 0) continue
      try {
        await touchAll()
        trouble.worked()
      } catch (error) {
        trouble.failed(error)
      }
    }
  }
  const running = loop()
  // Apart from the loop, which may be waiting for a database that doesn't answer.
  const watch = setInterval(abortOverdue, Math.min(500, lostMs / 4))

  return {
    hold(item, claimedAt, abort) {
      leases.set(item.id, { item, renewedAt: claimedAt, abort })
    },
    drop(item) {
      // Not the lease of a later claim: an item that was lost may have come back to this worker.
      if (leases.get(item.id)?.item.retryCount === item.retryCount) leases.delete(item.id)
    },
    renewedAt: (item) => leases.get(item.id)?.renewedAt ?? null,
    get held() {
      return leases.size
    },
    get fenced() {
      return leases.size > 0 && performance.now() - oldest() > fenceMs
    },
    isStale: (since) => performance.now() - since > fenceMs,
    async stop() {
      stopped = true
      clearInterval(watch)
      wake()
      await running
    },
  }
}
