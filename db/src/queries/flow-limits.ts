import type { Rate } from '@scheduler/core/flow'
import { readByIndex } from '../by-index.ts'
import type { Pool } from '../client.ts'
import { notifyFlow } from '../notify.ts'
import type { FlowKind } from '../schema/flow-limits.ts'
import { transaction } from '../transaction.ts'
import { countedOfEach, countParked, MOST_COUNTED } from './count-parked.ts'
import { lockFlows } from './read-limits.ts'
import type { Paging } from './walk.ts'

/** Slots of one flow that are counted at the most: its concurrency can't be higher. */
const MOST_SLOTS = 10_000

export interface FlowSettings {
  rate: Rate | null
  concurrency: number | null
  paused: boolean
}

/** A flow as clients see it. */
export interface Flow extends FlowSettings {
  flow: string
  /** Executions kept out of the queue for it, as far as they are counted. */
  parked: number
  /** Whether there are more. */
  parkedIsLowerBound: boolean
  /** Executions it has let through that have not ended; null where nothing is limited, and nobody counts. */
  inFlight: number | null
}

interface Row {
  flow: string
  rateCount: number | null
  ratePerSeconds: number | null
  concurrency: number | null
  paused: boolean | null
  parked: number
  more: boolean
  slots: number
}

const parkedOf = {
  destination: `
    select from executions
    where next_attempt_at is not null and destination = f.flow
      and reason in ('circuit_open', 'destination_busy', 'destination_limited', 'key_limited')`,
  key: `select from executions where next_attempt_at is not null and flow_key = f.flow and reason = 'key_limited'`,
} as const satisfies Record<FlowKind, string>

const LIMITED = '(paused or rate_count is not null or concurrency is not null)'

const some = (flows: string): string => `(${flows} order by 1 limit $3)`

/** Which flows there are after `$2`: those with limits, and of destinations also those whose circuits are known. */
const limited = some(`select flow from flow_limits where kind = $1 and flow > $2 and ${LIMITED}`)
const known = {
  destination: `${limited} union ${some('select destination from destinations where destination > $2')}`,
  key: limited,
} as const satisfies Record<FlowKind, string>

/** Up to `limit` flows of a kind after `after`, in order of name; or the one that is named. */
export async function listFlows(pool: Pool, kind: FlowKind, page: Paging | { only: string }): Promise<Flow[]> {
  const isOne = 'only' in page
  const most = String(isOne ? MOST_COUNTED : countedOfEach(page.limit))
  return await readByIndex(pool, async (client) => {
    const { rows } = await client.query<Row>(
      `with f as materialized (
         ${isOne ? 'select $2::text as flow' : `select flow from (${known[kind]}) as k order by flow limit $3`})
       select f.flow, l.rate_count as "rateCount", l.rate_per_seconds as "ratePerSeconds", l.concurrency, l.paused,
         (select count(*)::int from (
            select from flow_slots s where s.kind = $1 and s.flow = f.flow limit ${MOST_SLOTS}) as taken) as slots,
         p.parked, p.more
       from f left join flow_limits l on l.kind = $1 and l.flow = f.flow
       cross join lateral ${countParked(parkedOf[kind], most)} as p
       order by f.flow`,
      isOne ? [kind, page.only] : [kind, page.after ?? '', page.limit],
    )
    return rows.map(toFlow)
  })
}

function toFlow({ flow, rateCount, ratePerSeconds, concurrency, paused, parked, more, slots }: Row): Flow {
  const rate = rateCount !== null && ratePerSeconds !== null ? { count: rateCount, perSeconds: ratePerSeconds } : null
  const limited = rate !== null || concurrency !== null || paused === true
  const shown = { parked, parkedIsLowerBound: more, inFlight: limited ? slots : null }
  return { flow, rate, concurrency, paused: paused ?? false, ...shown }
}

/**
 * Sets what limits a flow, in place of what did; with nothing in it the limit is lifted. No execution is let through under
 * the limit of before once this has returned.
 */
export async function limitFlow(pool: Pool, kind: FlowKind, flow: string, settings: FlowSettings): Promise<Flow> {
  const { rate, concurrency, paused } = settings
  await transaction(pool, async (client) => {
    await lockFlows(client)
    await client.query(
      `insert into flow_limits as l
         (kind, flow, rate_count, rate_per_seconds, concurrency, paused, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, now(), now())
       on conflict on constraint flow_limits_pkey do update set
         rate_count = excluded.rate_count, rate_per_seconds = excluded.rate_per_seconds,
         concurrency = excluded.concurrency, paused = excluded.paused, updated_at = now(),
         -- As long after the last one as the new rate says.
         next_at = l.next_at + make_interval(secs =>
           excluded.rate_per_seconds / excluded.rate_count - l.rate_per_seconds / l.rate_count)`,
      [kind, flow, rate?.count ?? null, rate?.perSeconds ?? null, concurrency, paused],
    )
    await notifyFlow(client)
  })
  const [now] = await listFlows(pool, kind, { only: flow })
  return now ?? { flow, ...settings, parked: 0, parkedIsLowerBound: false, inFlight: null }
}

/** Lifts a flow's limits. What they held back is let go at a bounded pace. */
export async function liftLimit(pool: Pool, kind: FlowKind, flow: string): Promise<void> {
  await transaction(pool, async (client) => {
    await lockFlows(client)
    // The row stays until nothing is parked for it any more; whoever releases takes it away then.
    await client.query(
      `update flow_limits set rate_count = null, rate_per_seconds = null, concurrency = null, paused = false,
         next_at = null, updated_at = now()
       where kind = $1 and flow = $2`,
      [kind, flow],
    )
    await notifyFlow(client)
  })
}
