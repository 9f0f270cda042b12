import type { Pool } from '@scheduler/db/client'
import type { Claim } from '@scheduler/db/queries/begin-attempts'
import { beginHeld, type Held, putBack } from '@scheduler/db/queries/claim'
import type { Boss } from '@scheduler/db/queue'
import type { Destinations } from './destinations.ts'
import { abandon, type ExecuteParts, type Executing, execute } from './execute.ts'
import { createGather } from './gather.ts'
import { handBack } from './hand-back.ts'
import { createHeldItems } from './held-items.ts'
import type { Leases } from './leases.ts'
import type { Settler } from './settler.ts'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

/** How long to let places gather before filling them, ms. */
const gatherTimes = { least: 3, most: 10 }

export interface LauncherParts extends ExecuteParts {
  pool: Pool
  boss: Boss
  workerId: string
  /** Attempts in flight at the most. */
  concurrency: number
  destinations: Destinations
  leases: Leases
  settler: Settler
  /** Told whenever places fell free. */
  onPlace: () => void
}

export interface Launcher {
  /** Places for further attempts. */
  readonly free: number
  readonly inFlight: number
  /** How long to let places gather before claiming for them, ms. */
  gatherMs(): number
  /** Items that wait for a place: of one destination, or of all. */
  held(destination?: string): number
  /** How many of them only lack a place of this worker: their destinations have room for them. */
  ready(): number
  /** Keeps an item, taken at `since` (`performance.now()`), until its destination has a place. */
  hold(item: Held, since: number): void
  /**
   * Sends what `claiming` claims, or dispatches and begins; gives back the places it `taken` for what turns out not to be sent.
   * `since` is from when the claims count (`performance.now()`), where that is before now.
   */
  launch(claiming: (taken: string[]) => Promise<Claim[]>, since?: number): Promise<void>
  /** The executions that are in flight. */
  flying(): { id: string; scheduledFor: Date }[]
  /** Breaks an execution's attempt off, when it is in flight here. */
  cancel(executionId: string): void
  /** Puts back what is held; waits for what is in flight, at most `timeoutMs`, and breaks off the rest. */
  drain(timeoutMs: number): Promise<{ finished: boolean }>
}

/** Keeps the attempts that are in flight, and the items that wait for a place. */
export function startLauncher(parts: LauncherParts): Launcher {
  const { destinations, leases, settler, concurrency } = parts
  const { wake, sleep } = createWake()
  const idle = createWake()
  const trouble = createTrouble(parts.log, 'beginning attempts')
  const gather = createGather(gatherTimes)
  const flying = new Set<Executing>()
  /** Places that claims and dispatches under way have taken, each for its destination. */
  const claims = new Set<string[]>()
  const waiting = createHeldItems()
  let stopped = false

  const free = () => {
    if (leases.fenced || settler.pending > 2 * concurrency) return 0
    return [...claims].reduce((places, taken) => places - taken.length, concurrency - flying.size)
  }

  const placesFree = () => {
    if (waiting.size > 0) wake()
    parts.onPlace()
  }

  const start = (claimed: Claim, since: number) => {
    const mayGo = () => !leases.isStale(leases.renewedAt(claimed.item) ?? since)
    const executing = leases.isStale(since) ? abandon(parts, claimed) : execute(parts, claimed, mayGo)
    flying.add(executing)
    leases.hold(claimed.item, since, executing.abort)
    void executing.settlement.then((settlement) => {
      flying.delete(executing)
      destinations.release(claimed.destination)
      settler.push(settlement)
      if (flying.size === 0) idle.wake()
      placesFree()
    })
  }

  const launch: Launcher['launch'] = async (claiming, since = performance.now()) => {
    const taken: string[] = []
    claims.add(taken)
    const startedAt = performance.now()
    try {
      const begun = await claiming(taken)
      if (begun.length > 0) gather.took(performance.now() - startedAt)
      for (const claimed of begun) {
        taken.splice(taken.indexOf(claimed.destination), 1)
        start(claimed, since)
      }
    } finally {
      claims.delete(taken)
      for (const destination of taken) destinations.release(destination)
      if (taken.length > 0) placesFree()
    }
  }

  const hold: Launcher['hold'] = (it, since) => {
    waiting.add(it)
    leases.hold(it.item, since, () => {
      waiting.remove(it)
      leases.drop(it.item)
    })
    wake()
  }

  /** Does `work` with items that were taken out of `waiting`; when the database fails they go back into it. */
  const letGo = async (items: Held[], work: () => Promise<void>) => {
    const leased = items.map((it) => ({ it, since: leases.renewedAt(it.item) }))
    try {
      await work()
    } catch (error) {
      for (const { it, since } of leased) if (since !== null) hold(it, since)
      throw error
    }
  }

  const pass = async () => {
    for (const { destination, items } of waiting.takeIf(destinations.isOpen)) {
      const park = { reason: 'circuit_open', at: destinations.reopensAt(destination, parts.clock.now()) } as const
      await letGo(items, () => putBack(parts, items, park))
      destinations.expect(destination, 'circuit_open')
      for (const { item } of items) leases.drop(item)
    }
    const admitted = waiting.takeWhile(free(), (it) => destinations.admit(it.destination, parts.clock.now()) === 'send')
    if (admitted.length === 0) return
    // To begin them renews no claim.
    const since = Math.min(...admitted.map(({ item }) => leases.renewedAt(item) ?? Number.NEGATIVE_INFINITY))
    await letGo(admitted, () =>
      launch(async (taken) => {
        taken.push(...admitted.map((it) => it.destination))
        const begun = await beginHeld(parts, admitted)
        const sent = new Set(begun.map(({ item }) => item.id))
        for (const { item } of admitted) if (!sent.has(item.id)) leases.drop(item)
        return begun
      }, since),
    )
  }

  const loop = async () => {
    while (!stopped) {
      try {
        await pass()
        trouble.worked()
        await sleep(1_000)
        await new Promise((resolve) => setTimeout(resolve, gather.ms))
      } catch (error) {
        trouble.failed(error)
        await trouble.pause()
      }
    }
  }
  const running = loop()

  return {
    launch,
    hold,
    get free() {
      return free()
    },
    get inFlight() {
      return flying.size
    },
    gatherMs: () => gather.ms,
    flying: () => [...flying].map(({ claim }) => ({ id: claim.executionId, scheduledFor: claim.scheduledFor })),
    cancel(executionId) {
      for (const executing of flying) if (executing.claim.executionId === executionId) executing.abort()
    },
    held: (destination) => (destination === undefined ? waiting.size : waiting.count(destination)),
    ready: () => (waiting.size === 0 ? 0 : waiting.ready(destinations.places)),
    async drain(timeoutMs) {
      stopped = true
      wake()
      await running
      const held = waiting.takeIf(() => true).flatMap((it) => it.items)
      await handBack(parts, held)
      const deadline = performance.now() + timeoutMs
      while (flying.size > 0 && performance.now() < deadline) await idle.sleep(deadline - performance.now())
      const finished = flying.size === 0
      const left = [...flying]
      for (const executing of left) executing.abort()
      await Promise.all(left.map(({ settlement }) => settlement))
      return { finished }
    },
  }
}
