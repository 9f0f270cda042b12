import type { PoolClient } from '../client.ts'
import { FlowBudgets } from './flow-budgets.ts'
import { ON_ITS_WAY_SECONDS } from './flow-slots.ts'
import { readLimits, tryLockFlows } from './read-limits.ts'

interface Granted {
  id: string
  destination: string
  flow_key: string | null
}

/** Writes the slots of executions that were taken from the budgets of their flows, and when the flows' next may begin. */
export async function grantSlots(client: PoolClient, executions: Granted[], budgets: FlowBudgets): Promise<void> {
  const slots = executions.flatMap((it) => budgets.limitsOf(it).map(({ kind, flow }) => ({ id: it.id, kind, flow })))
  if (slots.length > 0) {
    await client.query({
      name: 'grant-slots',
      text: `
        insert into flow_slots (execution_id, kind, flow, until)
        select s.id, s.kind, s.flow, now() + make_interval(secs => $4)
        from unnest($1::uuid[], $2::text[], $3::text[]) as s(id, kind, flow)
        on conflict on constraint flow_slots_pkey do update set flow = excluded.flow, until = excluded.until`,
      values: [slots.map((it) => it.id), slots.map((it) => it.kind), slots.map((it) => it.flow), ON_ITS_WAY_SECONDS],
    })
  }
  const moved = budgets.moved()
  if (moved.length === 0) return
  await client.query({
    name: 'move-flow-clocks',
    text: `
      update flow_limits l set next_at = to_timestamp(m.next_at / 1000)
      from unnest($1::text[], $2::text[], $3::float8[]) as m(kind, flow, next_at)
      where l.kind = m.kind and l.flow = m.flow`,
    values: [moved.map((it) => it.kind), moved.map((it) => it.flow), moved.map((it) => it.nextAt)],
  })
}

/** Why a probe may not begin now. */
export type Bar = 'paused' | 'limited' | 'locked'

/**
 * Whether the limit of a destination lets no probe begin now, whichever execution it were; null when it does. Costs little
 * where it does not: to be asked before anything is done for a probe.
 */
export async function barsProbe(client: PoolClient, destination: string): Promise<Bar | null> {
  return (await takeProbe(client, { destination, flow_key: null })).bar
}

/**
 * Grants one execution its slots, whatever waits before it: it is to find out whether its destination, whose circuit keeps
 * all others back, answers again. Null when it has them, else why it may not begin now.
 */
export async function grantProbe(client: PoolClient, id: string): Promise<Bar | null> {
  const { rows } = await client.query<Granted & { any: boolean }>(
    'select id, destination, flow_key, exists (select from flow_limits) as any from executions where id = $1',
    [id],
  )
  const [probe] = rows
  if (!probe?.any) return null
  if (!(await tryLockFlows(client))) return 'locked'
  const { bar, budgets } = await takeProbe(client, probe)
  if (!bar) await grantSlots(client, [probe], budgets)
  return bar
}

/** Takes what a probe needs from the budgets of its flows; the circuit, which keeps all others back, counts for nothing. */
async function takeProbe(client: PoolClient, probe: Omit<Granted, 'id'>) {
  const limits = await readLimits(client, probe)
  const budgets = new FlowBudgets(limits.map((limit) => ({ ...limit, circuit: null })))
  const missing = limits.some(({ paused }) => paused) ? ('paused' as const) : ('limited' as const)
  return { bar: budgets.take(probe) ? null : missing, budgets }
}
