import type { Rate } from '@scheduler/core/flow'
import type { Pool } from '../client.ts'
import { notifyFlow } from '../notify.ts'
import type { FlowKind } from '../schema/flow-limits.ts'
import { transaction } from '../transaction.ts'
import { lockFlows } from './read-limits.ts'

/** Parked executions of one flow that are counted at the most. */
export const MOST_COUNTED = 100_000

export interface FlowSettings {
  rate: Rate | null
  concurrency: number | null
  paused: boolean
}

/** A flow as clients see it. */
export interface Flow extends FlowSettings {
  flow: string
  /** Executions kept out of the queue for it. */
  parked: number
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

/** Which flows there are: those with limits, and of destinations also those whose circuits are known. */
const known = {
  destination: `select flow from flow_limits where kind = $1 and ${LIMITED} union select destination from destinations`,
  key: `select flow from flow_limits where kind = $1 and ${LIMITED}`,
} as const satisfies Record<FlowKind, string>

/** Up to `limit` flows of a kind after `after`, in order of name; or the one that is named. */
export async function listFlows(
  pool: Pool,
  kind: FlowKind,
  page: { limit: number; after: string | null } | { only: string },
): Promise<Flow[]> {
  const { rows } = await pool.query<Row>(
    `with f as materialized (
       ${'only' in page ? 'select $2::text as flow' : `select flow from (${known[kind]}) as k where flow > $2 order by flow limit $3`})
     select f.flow, l.rate_count as "rateCount", l.rate_per_seconds as "ratePerSeconds", l.concurrency, l.paused,
       (select count(*)::int from flow_slots s where s.kind = $1 and s.flow = f.flow) as slots,
       (select count(*)::int from (${parkedOf[kind]} limit ${MOST_COUNTED}) as p) as parked
     from f left join flow_limits l on l.kind = $1 and l.flow = f.flow order by f.flow`,
    'only' in page ? [kind, page.only] : [kind, page.after ?? '', page.limit],
  )
  return rows.map(toFlow)
}

function toFlow({ flow, rateCount, ratePerSeconds, concurrency, paused, parked, slots }: Row): Flow {
  const rate = rateCount !== null && ratePerSeconds !== null ? { count: rateCount, perSeconds: ratePerSeconds } : null
  const limited = rate !== null || concurrency !== null || paused === true
  return { flow, rate, concurrency, paused: paused ?? false, parked, inFlight: limited ? slots : null }
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
  return now ?? { flow, ...settings, parked: 0, inFlight: null }
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
