import type { DstMark, Occurrence } from './schedule.ts'
import { offsetAt } from './timezone.ts'

const DAY = 86_400_000

export interface Planned extends Occurrence {
  dst: DstMark
}

/** The occurrences of one state of a job, in order, and the zone in which their days are counted. */
export interface Side {
  zone: string
  /** Those to come; as many as `limit`, or more, unless there are no more. */
  occurrences: readonly Planned[]
}

export interface Diff {
  added: Planned[]
  removed: Planned[]
  /** One nominal time with another effective one; or the only one removed on a day and the only one added on it. */
  moved: { from: Planned; to: Planned }[]
}

/**
 * What a change does to a job's occurrences, as far as both states are known: up to the earlier of the two `limit`-th ones.
 * What is listed past the `limit` only finds the other half of what moved. A state with fewer is known to its end.
 */
export function diff(before: Side, after: Side, limit: number): Diff {
  const horizon = Math.min(horizonOf(before, limit), horizonOf(after, limit))
  const old = new Map(before.occurrences.map((it) => [it.nominal, it]))
  const fresh = new Map(after.occurrences.map((it) => [it.nominal, it]))
  const gone = before.occurrences.filter((it) => !fresh.has(it.nominal))
  const come = after.occurrences.filter((it) => !old.has(it.nominal))
  const moved = after.occurrences.flatMap((to) => {
    const from = old.get(to.nominal)
    return from && from.effective !== to.effective ? [{ from, to }] : []
  })
  const goneOn = Map.groupBy(gone, dayIn(before.zone))
  const comeOn = Map.groupBy(come, dayIn(after.zone))
  const paired = new Set<Planned>()
  for (const [day, [from, ...others]] of goneOn) {
    const [to, ...more] = comeOn.get(day) ?? []
    if (!from || !to || others.length + more.length > 0) continue
    moved.push({ from, to })
    paired.add(from).add(to)
  }
  const isAlone = (it: Planned) => it.nominal <= horizon && !paired.has(it)
  return {
    added: come.filter(isAlone),
    removed: gone.filter(isAlone),
    moved: moved
      .filter(({ from, to }) => Math.min(from.nominal, to.nominal) <= horizon)
      .sort((a, b) => a.from.nominal - b.from.nominal),
  }
}

function horizonOf({ occurrences }: Side, limit: number): number {
  return occurrences[limit - 1]?.nominal ?? Infinity
}

/** The local day of an occurrence, counted from 1970. */
const dayIn =
  (zone: string) =>
  ({ nominal }: Planned): number =>
    Math.floor((nominal + offsetAt(zone, nominal)) / DAY)
