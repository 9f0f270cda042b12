import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { enqueue, newItemId } from '../queue.ts'
import type { FlowKind } from '../schema/flow-limits.ts'
import { transaction } from '../transaction.ts'
import { FlowBudgets, type Limit } from './flow-budgets.ts'
import { ON_ITS_WAY_SECONDS, sweepSlots } from './flow-slots.ts'
import { byTurn, type InTurn, inTurn, type List, NO_JOB, type Turns } from './in-turn.ts'

/** Whoever releases or changes limits holds this lock; any constant that nobody else uses. */
const FLOW_LOCK = 7_305_812

/** Executions that one pass releases at the most. */
const MOST = 200

/** Executions of a key that one pass looks at, at the least: some may be kept back by their destinations. */
const LOOK_AT = 100

/** How soon to look again after a pass that was not let in, or left some behind, ms. */
const SOON_MS = 20

export interface ReleasedLimited {
  /** Items put into the queue. */
  released: number
  /** When the next execution may begin, ms from now; null when no clock says so. */
  nextInMs: number | null
  /** Whether there is any limit at all. */
  active: boolean
}

interface Candidate extends InTurn {
  id: string
  scheduled_for: Date
  destination: string
  flow_key: string | null
}

const lists = {
  destination: { column: 'destination', is: '$3', where: `reason = 'destination_limited'` },
  key: { column: 'flow_key', is: '$3', where: `reason = 'key_limited'` },
} as const satisfies Record<FlowKind, List>

/** Whether anything is parked for the limit `l`. */
const hasParked = (kind: FlowKind): string => `exists (
  select from executions e
  where l.kind = '${kind}' and e.next_attempt_at is not null and e.${lists[kind].where} and e.${lists[kind].column} = l.flow)`

/** Makes the limits of flows stand still for the rest of the caller's transaction. */
export async function lockFlows(client: PoolClient): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [FLOW_LOCK])
}

/**
 * Grants slots to parked executions of limited flows, as many as may begin now, and puts these into the queue.
 *
 * It is the only place where slots are granted, and one caller at a time does it for the whole cluster: an execution may
 * belong to two flows, and must have the slots of both or none. Each list is served one job in turn, from where `turns`
 * left it; all by the database's clock.
 *
 * @param sweep whether to look for slots that nobody gave back
 */
export async function releaseLimited(
  pool: Pool,
  boss: PgBoss,
  { turns, sweep }: { turns: Turns; sweep: boolean },
): Promise<ReleasedLimited> {
  const { rows } = await pool.query<{ any: boolean }>({
    name: 'any-limits',
    text: 'select exists (select from flow_limits) or exists (select from flow_slots) as any',
  })
  if (!rows[0]?.any) return { released: 0, nextInMs: null, active: false }
  return await transaction(pool, async (client) => {
    const { rows: got } = await client.query<{ locked: boolean }>('select pg_try_advisory_xact_lock($1) as locked', [
      FLOW_LOCK,
    ])
    if (!got[0]?.locked) return { released: 0, nextInMs: SOON_MS, active: true }
    if (sweep) await sweepSlots(client)
    const limits = await readLimits(client)
    const budgets = new FlowBudgets(limits)
    const chosen = await choose(client, budgets, turns)
    await grant(client, boss, chosen, budgets)
    await moveClocks(client, budgets)
    if (sweep) await forgetLifted(client)
    return { released: chosen.length, nextInMs: budgets.nextInMs(chosen.length >= MOST ? SOON_MS : null), active: true }
  })
}

async function readLimits(client: PoolClient): Promise<Limit[]> {
  const { rows } = await client.query<Limit>({
    name: 'read-limits',
    text: `
      select l.kind, l.flow, l.rate_count as "rateCount", l.rate_per_seconds as "ratePerSeconds", l.concurrency, l.paused,
        (extract(epoch from l.next_at) * 1000)::float8 as "nextAt",
        (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
        case when l.concurrency is not null then
          (select count(*)::int from flow_slots s where s.kind = l.kind and s.flow = l.flow) end as taken,
        (${hasParked('key')} or ${hasParked('destination')}) as parked
      from flow_limits l order by l.kind, l.flow`,
  })
  return rows
}

/** Chooses executions from each list in turn, as far as the budgets of all their flows go, and locks them. */
async function choose(client: PoolClient, budgets: FlowBudgets, turns: Turns): Promise<Candidate[]> {
  const chosen: Candidate[] = []
  const last = turns.get('') ?? ''
  for (const source of budgets.sources(last)) {
    const want = Math.min(source.left, MOST - chosen.length)
    if (want === 0) continue
    const name = `${source.limit.kind} ${source.limit.flow}`
    const { rows } = await client.query<Candidate>({
      name: `choose-limited-${source.limit.kind}`,
      text: `with recursive ${inTurn(lists[source.limit.kind])} select * from turn`,
      values: [
        source.limit.kind === 'key' ? Math.max(want, LOOK_AT) : want,
        turns.get(name) ?? NO_JOB,
        source.limit.flow,
      ],
    })
    let taken = 0
    for (const candidate of rows.sort(byTurn)) {
      if (taken === want) break
      turns.set(name, candidate.job_id)
      if (!budgets.take(candidate)) continue
      chosen.push(candidate)
      taken += 1
    }
    if (taken > 0) turns.set('', name)
    if (rows.length === 0) turns.delete(name)
  }
  return chosen
}

async function grant(client: PoolClient, boss: PgBoss, chosen: Candidate[], budgets: FlowBudgets): Promise<void> {
  if (chosen.length === 0) return
  const items = chosen.map((it) => ({ id: newItemId(), data: { e: it.id, s: it.scheduled_for.getTime() } }))
  await client.query({
    name: 'release-limited',
    text: `
      update executions e set state = 'queued', reason = null, next_attempt_at = null, item_id = g.item_id
      from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as g(id, scheduled_for, item_id)
      where e.id = g.id and e.scheduled_for = g.scheduled_for`,
    values: [chosen.map((it) => it.id), chosen.map((it) => it.scheduled_for), items.map((it) => it.id)],
  })
  const slots = chosen.flatMap((it) => budgets.limitsOf(it).map(({ kind, flow }) => ({ id: it.id, kind, flow })))
  await client.query({
    name: 'grant-slots',
    text: `
      insert into flow_slots (execution_id, kind, flow, until)
      select s.id, s.kind, s.flow, now() + make_interval(secs => $4)
      from unnest($1::uuid[], $2::text[], $3::text[]) as s(id, kind, flow)
      on conflict on constraint flow_slots_pkey do update set flow = excluded.flow, until = excluded.until`,
    values: [slots.map((it) => it.id), slots.map((it) => it.kind), slots.map((it) => it.flow), ON_ITS_WAY_SECONDS],
  })
  await enqueue(boss, client, items)
}

async function moveClocks(client: PoolClient, budgets: FlowBudgets): Promise<void> {
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

/** Limits that were lifted, once all they held back is gone and no claim can be under way that still saw them. */
async function forgetLifted(client: PoolClient): Promise<void> {
  await client.query(`
    delete from flow_limits l
    where not paused and rate_count is null and concurrency is null and updated_at < now() - interval '1 minute'
      and not ${hasParked('key')} and not ${hasParked('destination')}`)
}
