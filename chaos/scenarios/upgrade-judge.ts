import { type Asked, EVERY_MS } from '../faults/creating.ts'
import { ledgerOf, type Row } from '../faults/service.ts'
import type { Arrival } from '../history.ts'
import type { Rig } from '../scenario.ts'
import type { Span } from './upgrade.ts'

/** So long after a migration the callbacks may still be catching up, ms. */
const AFTER_MS = 5_000
/** What is due for no longer may be pending when its job is deleted, ms. */
const PENDING_MS = 2_000

/** Compares what was asked for with the ledger and with what arrived. */
export async function judgeUpgrade(rig: Rig, asked: Asked & { deletedAt: number }, migration: Span): Promise<void> {
  const arrivals = await rig.receiver.arrivals()
  const jobs = [...asked.repeating, ...asked.once].map(({ id }) => id)
  const rows = Map.groupBy(await ledgerOf(rig.pool, jobs), ({ job }) => job)
  const arrived = Map.groupBy(arrivals, ({ job }) => job)
  const of = (id: string, times: () => number[]) => {
    const them = rows.get(id) ?? []
    return times().flatMap((at) => faultOf(at, them, arrived.get(id) ?? [], asked.deletedAt))
  }
  const lost = [
    // Up to shortly before it was deleted, at the end.
    ...asked.repeating.flatMap(({ id, start }) => of(id, () => every(start, asked.deletedAt - PENDING_MS))),
    ...asked.once.flatMap(({ id, at }) => of(id, () => [at])),
  ]
  const distinct = new Set(arrivals.map(({ id }) => id)).size
  rig.check('lost', lost.length === 0, `${lost.length} of ${distinct + lost.length}`)
  for (const line of lost.slice(0, 10)) rig.say(line)
  rig.check('duplicates', arrivals.length === distinct, arrivals.length - distinct)
  const early = arrivals.filter((it) => it.at < it.scheduledFor).length
  rig.check('early', early === 0, early)
  const { 201: created = 0, 503: away = 0, ...others } = asked.answers
  const said = Object.entries(others).map(([how, n]) => `${n} × ${how}`)
  rig.check('answers of the API other than 201 and 503', said.length === 0, said.join(', ') || 0)
  rig.note('jobs created meanwhile, and 503', `${created}, ${away}`)
  rig.note('the migration took', `${migration.to - migration.from} ms`)
  rig.note('the longest without a callback meanwhile', `${pauseOf(arrivals, migration).toFixed(0)} ms`)
}

const every = (start: number, last: number) =>
  Array.from({ length: Math.floor((last - start) / EVERY_MS) + 1 }, (_, n) => start + n * EVERY_MS)

/** What is wrong with one occurrence of a job: nothing where it has succeeded and arrived. */
function faultOf(at: number, rows: Row[], arrivals: Arrival[], deletedAt: number): string[] {
  const row = rows.find((it) => it.at === at)
  // The last of a repeating job, when it was deleted at the end.
  if (row?.reason === 'deleted' && at >= deletedAt - PENDING_MS) return []
  if (row?.state === 'succeeded' && arrivals.some((it) => it.scheduledFor === at)) return []
  return [`${new Date(at).toISOString()}: ${row ? `${row.state} ${row.reason ?? ''}` : 'not in the ledger'}`]
}

/** The longest between two callbacks. There is one every few milliseconds otherwise. */
function pauseOf(arrivals: Arrival[], { from, to }: Span): number {
  const within = (at: number) => at >= from - AFTER_MS && at <= to + AFTER_MS
  const times = arrivals
    .map(({ at }) => at)
    .filter(within)
    .sort((a, b) => a - b)
  return Math.max(0, ...times.slice(1).map((at, n) => at - (times[n] ?? at)))
}
