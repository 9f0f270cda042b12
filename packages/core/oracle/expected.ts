import type { Named, Placing } from './rule.ts'
import type { Special, ZoneClock } from './zone-clock.ts'

export type Mark = 'gap_shifted' | 'fold_first' | 'fold_second'

/** Consecutive wall times that one gap left out, by where they would have been shifted to. */
export interface Left {
  first: number
  last: number
  count: number
}

/** What must come out of a rule in a zone under a policy. */
export interface Expected {
  /** Ascending, without repetition; ms since 1970. */
  instants: number[]
  /** Of the instants that have one. */
  marks: Map<number, Mark>
  left: Left[]
}

/** A rule with its wall times resolved, which serves for all policies. */
export interface Resolved {
  named: Named
  walls: readonly (number | Special)[]
  added: readonly (number | Special)[]
}

export function resolve(named: Named, clock: ZoneClock): Resolved {
  return { named, walls: clock.resolve(named.walls), added: clock.resolve(named.added ?? []) }
}

/** @param from the first instant that is asked for; @param to the end, exclusive */
export function expected(
  { named, walls, added }: Resolved,
  placing: Placing,
  clock: ZoneClock,
  from: number,
  to: number,
): Expected {
  const { pinned } = named
  const last = Math.min(to - 1, named.until ?? Infinity)
  // Both passes of a fold count, but none before the first occurrence that the client gave.
  const first = Math.max(from, named.since ?? from, placing.fold === 'both' ? (pinned ?? from) : from)
  const out: Placed = { instants: [], marks: new Map(), left: [] }
  const isPinned = pinned !== undefined && placing.fold !== 'both'
  place(isPinned ? walls.slice(1) : walls, placing, named, first, last, out)
  if (isPinned && pinned >= first && pinned <= last) {
    const [anchor] = walls
    out.instants.push(pinned)
    out.marks.set(
      pinned,
      typeof anchor === 'object' && anchor.kind === 'fold' && pinned === anchor.second ? 'fold_second' : 'fold_first',
    )
  }
  join(added, placing, from, to - 1, out)
  putPlain([...(named.instants ?? []), ...(named.placed?.(placing) ?? [])], first, last, out)
  // What is named by its instant too has still been moved, or repeated.
  out.instants.push(...(named.addedInstants ?? []).filter((at) => at >= from && at < to))
  const excluded = new Set(named.except)
  const kept = excluded.size === 0 ? out.instants : out.instants.filter((at) => !excluded.has(at))
  // One that would have met another occurrence is that occurrence, also an excluded one: an instant is named once.
  const met = new Set(out.left.length === 0 ? [] : out.instants)
  const missing = unique(out.left.filter((at) => !met.has(at)))
  return { instants: unique(kept), marks: out.marks, left: runs(missing, clock) }
}

interface Placed {
  instants: number[]
  marks: Map<number, Mark>
  left: number[]
}

/** @param first the first instant that may be; @param last the last */
function place(
  walls: readonly (number | Special)[],
  { gap, fold }: Placing,
  { asShown = false }: Named,
  first: number,
  last: number,
  { instants, marks, left }: Placed,
): void {
  const isWithin = (at: number): boolean => at >= first && at <= last
  function put(at: number, mark: Mark): void {
    if (!isWithin(at)) return
    instants.push(at)
    marks.set(at, mark)
  }
  // In the order of their wall times: a regular one at the same instant comes after what was moved there, and counts.
  for (const it of walls) {
    if (typeof it === 'number') {
      if (!isWithin(it)) continue
      instants.push(it)
      marks.delete(it)
    } else if (it.kind === 'fold') {
      if (asShown || fold !== 'second') put(it.first, 'fold_first')
      if (asShown || fold !== 'first') put(it.second, 'fold_second')
    } else if (asShown) continue
    else if (gap !== 'skip') put(gap === 'shift' ? it.shifted : it.end, 'gap_shifted')
    else if (isWithin(it.shifted)) left.push(it.shifted)
  }
}

/** Further wall times. One that comes to an instant of the rule is that occurrence, and is marked when both are. */
function join(added: readonly (number | Special)[], placing: Placing, first: number, last: number, out: Placed): void {
  const further: Placed = { instants: [], marks: new Map(), left: [] }
  place(added, placing, { walls: [] }, first, last, further)
  for (const at of further.instants) {
    const mark = further.marks.get(at)
    if (mark === undefined) out.marks.delete(at)
    else if (!out.instants.includes(at)) out.marks.set(at, mark)
  }
  out.instants.push(...further.instants)
  out.left.push(...further.left)
}

function putPlain(values: readonly number[], first: number, last: number, { instants, marks }: Placed): void {
  for (const at of values) {
    if (at < first || at > last) continue
    instants.push(at)
    marks.delete(at)
  }
}

function unique(values: number[]): number[] {
  if (values.every((value, index) => index === 0 || value > (values[index - 1] as number))) return values
  return [...new Set(values)].sort((a, b) => a - b)
}

/** What one gap left out is one run. */
function runs(left: readonly number[], { changes }: ZoneClock): Left[] {
  const found = new Map<number, Left>()
  for (const at of left) {
    const gap = changes.findLast((change) => change.at <= at)?.at ?? 0
    const run = found.get(gap)
    if (!run) found.set(gap, { first: at, last: at, count: 1 })
    else {
      run.last = at
      run.count += 1
    }
  }
  return [...found.values()]
}
