import { type Turn, turnOf } from '@scheduler/core/flow'
import type { FlowKind } from '../schema/flow-limits.ts'

/** A row of `flow_limits` as a release reads it; times are ms since 1970, with fractions. */
export interface Limit {
  kind: FlowKind
  flow: string
  rateCount: number | null
  ratePerSeconds: number | null
  concurrency: number | null
  paused: boolean
  nextAt: number | null
  now: number
  /** Its slots; null without a concurrency, where nobody counts. */
  taken: number | null
  /** Whether executions are parked for it. */
  parked: boolean
  /**
   * Of a destination whose circuit is not closed: nothing more is let into the queue, but for one to be parked for the
   * circuit where none is, since the probe is taken from those.
   */
  circuit: 'closed off' | 'wants a probe' | null
}

/** What may still begin of a flow in this pass. */
interface Budget {
  limit: Limit
  turn: Turn | null
  left: number
  taken: number
}

/** What is released at once of a flow whose limit was lifted, and when the next is, ms: what it held back may be much. */
const LIFTED = { most: 100, everyMs: 50 } as const

const isLifted = ({ paused, rateCount, concurrency }: Limit): boolean =>
  !paused && rateCount === null && concurrency === null

function budgetOf(limit: Limit): Budget {
  const { rateCount, ratePerSeconds, nextAt, now, concurrency, taken, paused, circuit } = limit
  const rate = rateCount !== null && ratePerSeconds !== null ? { count: rateCount, perSeconds: ratePerSeconds } : null
  const turn = rate && turnOf(rate, nextAt, now)
  const byRate = turn?.most ?? Number.POSITIVE_INFINITY
  const byPlaces = concurrency === null ? Number.POSITIVE_INFINITY : Math.max(0, concurrency - (taken ?? 0))
  const most = isLifted(limit) ? LIFTED.most : Math.min(byRate, byPlaces)
  const allowed = circuit === null ? most : Math.min(most, circuit === 'wants a probe' ? 1 : 0)
  return { limit, turn, left: paused ? 0 : allowed, taken: 0 }
}

/** How many executions of each flow one pass may release. */
export class FlowBudgets {
  readonly #budgets: Map<string, Budget>

  constructor(limits: Limit[]) {
    this.#budgets = new Map(limits.map((limit) => [`${limit.kind} ${limit.flow}`, budgetOf(limit)]))
  }

  /** The flows with parked executions that may release some, from the one after `last` on. */
  sources(last: string): Budget[] {
    const open = [...this.#budgets].filter(([, { limit, left }]) => limit.parked && left > 0)
    const after = open.filter(([name]) => name > last)
    return [...after, ...open.filter(([name]) => name <= last)].map(([, budget]) => budget)
  }

  /** The limits that an execution is under. */
  limitsOf(execution: { destination: string; flow_key: string | null }): Limit[] {
    return this.#of(execution).flatMap(({ limit }) => (isLifted(limit) ? [] : limit))
  }

  /** Takes one from each flow of an execution; false, and none is taken, when one of them has none left. */
  take(execution: { destination: string; flow_key: string | null }): boolean {
    const budgets = this.#of(execution)
    if (budgets.some(({ left }) => left === 0)) return false
    for (const budget of budgets) {
      budget.left -= 1
      budget.taken += 1
    }
    return true
  }

  /** The flows whose rates say now when the next may begin. */
  moved(): { kind: FlowKind; flow: string; nextAt: number }[] {
    return [...this.#budgets.values()].flatMap(({ limit: { kind, flow }, turn, taken }) =>
      turn && taken > 0 ? { kind, flow, nextAt: turn.nextAt(taken) } : [],
    )
  }

  /** When the next of what is parked may begin, ms from now; null when it is no clock that keeps it. */
  nextInMs(soonest: number | null): number | null {
    const waits = [...this.#budgets.values()].flatMap(({ limit, turn, taken }) => {
      if (!limit.parked || limit.paused || limit.circuit) return []
      if (isLifted(limit)) return taken > 0 ? LIFTED.everyMs : []
      return turn ? Math.max(0, turn.nextAt(taken) - limit.now) : []
    })
    const least = Math.min(...waits, soonest ?? Number.POSITIVE_INFINITY)
    return Number.isFinite(least) ? least : null
  }

  #of({ destination, flow_key }: { destination: string; flow_key: string | null }): Budget[] {
    const names = [`destination ${destination}`, ...(flow_key === null ? [] : [`key ${flow_key}`])]
    return names.flatMap((name) => this.#budgets.get(name) ?? [])
  }
}
