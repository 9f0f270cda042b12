import type { PgBoss } from 'pg-boss'
import type { Pool, PoolClient } from '../client.ts'
import { enqueue, newItemId } from '../queue.ts'
import { transaction } from '../transaction.ts'
import { FlowBudgets } from './flow-budgets.ts'
import { sweepSlots } from './flow-slots.ts'
import { grantSlots } from './grant-slots.ts'
import { byTurn, type InTurn, inTurn, NO_JOB, type Turns } from './in-turn.ts'
import { hasParked, lists, readLimits, tryLockFlows } from './read-limits.ts'

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
    if (!(await tryLockFlows(client))) return { released: 0, nextInMs: SOON_MS, active: true }
    if (sweep) await sweepSlots(client)
    const budgets = new FlowBudgets(await readLimits(client))
    const chosen = await choose(client, budgets, turns)
    await grant(client, boss, chosen, budgets)
    if (sweep) await forgetLifted(client)
    return { released: chosen.length, nextInMs: budgets.nextInMs(chosen.length >= MOST ? SOON_MS : null), active: true }
  })
}

/** Chooses executions from each list in turn, as far as the budgets of all their flows go, and locks them. */
async function choose(client: PoolClient, budgets: FlowBudgets, turns: Turns): Promise<Candidate[]> {
  const chosen: Candidate[] = []
  const last = turns.last.get('') ?? ''
  for (const source of budgets.sources(last)) {
    const want = Math.min(source.left, MOST - chosen.length)
    if (want === 0) continue
    const name = `${source.limit.kind} ${source.limit.flow}`
    const { rows } = await client.query<Candidate>({
      name: `choose-limited-${source.limit.kind}`,
      text: `with recursive ${inTurn(lists[source.limit.kind])} select * from turn`,
      values: [
        source.limit.kind === 'key' ? Math.max(want, LOOK_AT) : want,
        turns.last.get(name) ?? NO_JOB,
        source.limit.flow,
      ],
    })
    let taken = 0
    for (const candidate of rows.sort(byTurn)) {
      if (taken === want) break
      turns.last.set(name, candidate.job_id)
      if (!budgets.take(candidate)) continue
      chosen.push(candidate)
      taken += 1
    }
    if (taken > 0) turns.last.set('', name)
    if (rows.length === 0) turns.last.delete(name)
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
  await grantSlots(client, chosen, budgets)
  await enqueue(boss, client, items)
}

/** Limits that were lifted, once all they held back is gone and no claim can be under way that still saw them. */
async function forgetLifted(client: PoolClient): Promise<void> {
  await client.query(`
    delete from flow_limits l
    where not paused and rate_count is null and concurrency is null and updated_at < now() - interval '1 minute'
      and not ${hasParked('key')} and not ${hasParked('destination')}`)
}
