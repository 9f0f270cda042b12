import type { PoolClient } from '../client.ts'
import type { FlowKind } from '../schema/flow-limits.ts'
import type { Limit } from './flow-budgets.ts'
import type { List } from './in-turn.ts'

/** Whoever grants slots or changes limits holds this lock; any constant that nobody else uses. */
const FLOW_LOCK = 7_305_812

/** Makes the limits of flows stand still for the rest of the caller's transaction. */
export async function lockFlows(client: PoolClient): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [FLOW_LOCK])
}

/** The same without waiting; false when somebody else is at it. */
export async function tryLockFlows(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_xact_lock($1) as locked', [
    FLOW_LOCK,
  ])
  return rows[0]?.locked ?? false
}

/** What is parked for a flow, `$3`. */
export const lists = {
  destination: { column: 'destination', is: '$3', where: `reason = 'destination_limited'` },
  key: { column: 'flow_key', is: '$3', where: `reason = 'key_limited'` },
} as const satisfies Record<FlowKind, List>

/** SQL: whether anything is parked for the limit `l`. */
export const hasParked = (kind: FlowKind): string => `exists (
  select from executions e
  where l.kind = '${kind}' and e.next_attempt_at is not null and e.${lists[kind].where} and e.${lists[kind].column} = l.flow)`

/** Limits, with what speaks for and against letting something begin: all, or those that an execution is under. */
export async function readLimits(
  client: PoolClient,
  of?: { destination: string; flow_key: string | null },
): Promise<Limit[]> {
  const { rows } = await client.query<Limit>({
    name: of ? 'read-limits-of' : 'read-limits',
    text: `
      select l.kind, l.flow, l.rate_count as "rateCount", l.rate_per_seconds as "ratePerSeconds", l.concurrency, l.paused,
        (extract(epoch from l.next_at) * 1000)::float8 as "nextAt",
        (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
        case when l.concurrency is not null then
          (select count(*)::int from flow_slots s where s.kind = l.kind and s.flow = l.flow) end as taken,
        (${hasParked('key')} or ${hasParked('destination')}) as parked,
        case when l.kind = 'destination' and exists (
            select from destinations d where d.destination = l.flow and d.state <> 'closed') then
          case when exists (
            select from executions e
            where e.next_attempt_at is not null and e.reason = 'circuit_open' and e.destination = l.flow)
          then 'closed off' else 'wants a probe' end end as circuit
      from flow_limits l ${of ? `where (l.kind, l.flow) in (('destination', $1), ('key', $2))` : ''} order by l.kind, l.flow`,
    values: of ? [of.destination, of.flow_key] : [],
  })
  return rows
}
