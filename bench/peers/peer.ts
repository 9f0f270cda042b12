import type { Deliver } from './deliver.ts'
import type { Item } from './item.ts'

/** Another queue, made to do what our workers do: so many items that are due at one moment, each delivered once. */
export interface Peer {
  /** Makes what it keeps items in. `url` is that of an empty database. */
  prepare(url: string): Promise<void>
  /** Inserts items that are due at `due`. */
  insert(url: string, items: Item[], due: Date): Promise<void>
  /** Works from now on, with so many deliveries in flight at the most, until its process is killed. */
  work(url: string, concurrency: number, deliver: Deliver): Promise<void>
}

/** The modules of this folder that are peers, by what contenders call them. */
export const peers = {
  graphile: async () => (await import('./graphile.ts')).graphile,
  'pg-boss': async () => (await import('./pg-boss.ts')).pgBoss,
  'pg-boss-batched': async () => (await import('./pg-boss.ts')).pgBossBatched,
  'pg-boss-bare': async () => (await import('./pg-boss.ts')).pgBossBare,
  'pg-boss-schedule': async () => (await import('./pg-boss-schedule.ts')).pgBossSchedule,
  bullmq: async () => (await import('./bullmq.ts')).bullmq,
} satisfies Record<string, () => Promise<Peer>>

export type PeerName = keyof typeof peers
