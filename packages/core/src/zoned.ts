import { MAX_INSTANT } from './datetime.ts'
import { has, never, type Recurrence } from './recurrence.ts'
import type { Dst, DstMark } from './schedule.ts'
import { changesBetween, type Piece, pieceAt, type Source } from './zone-changes.ts'

const DAY = 86_400_000
/** More than any change of clock moves a wall time. */
const MARGIN = 26 * 3_600_000

/**
 * Pieces that are looked through for the next instant: more than eighty changes of clock that each leave out the only
 * wall time between two. A rule that names a gap and nothing else would else be followed to the year 9999.
 */
const MOST_LOOKS = 500

/**
 * Wall times that one gap left out: their instants are as far past the gap as they are into it. One that would come to the
 * instant of another is that one, and not left out.
 */
export interface GapRun {
  first: number
  last: number
  count: number
}

/** The instants of wall times in a zone. */
export interface Zoned extends Recurrence {
  /** What a change of clock did to the occurrence at an instant. */
  mark(instant: number): DstMark
  /** What gaps left out, where the policy says so, with instants after `from` (exclusive) and up to `to` (inclusive). */
  gapsIn(from: number, to: number): GapRun[]
}

/**
 * The instants at which a zone's clocks show the wall times of a rule, gaps and folds decided by `dst`; without it
 * (null) they happen as the clocks show them: none in a gap, twice in a fold.
 *
 * Two wall times that come to one instant, one of them moved out of a gap, are one occurrence.
 *
 * @param others instants that happen besides: what would come to one of them is not left out by a gap
 */
export function zoned(walls: Recurrence, zone: string, dst: Dst | null, others: Recurrence = never): Zoned {
  return {
    after(instant) {
      let from = Math.max(instant, -DAY) + 1
      for (let looks = 0; looks < MOST_LOOKS && from <= MAX_INSTANT; looks += 1) {
        const piece = pieceAt(zone, dst, from)
        const found = piece.sources.map((source) => firstOf(walls, source, from)).filter((it) => it !== null)
        if (found.length > 0) return within(Math.min(...found))
        // Whatever comes later has a wall time no earlier than this one.
        const next = walls.after(from + piece.offset - MARGIN)
        if (next === null) return null
        from = Math.max(piece.to, next - piece.offset - MARGIN)
      }
      return null
    },
    atOrBefore(instant) {
      let to = Math.min(instant, MAX_INSTANT)
      while (to >= -DAY) {
        const piece = pieceAt(zone, dst, to)
        const found = piece.sources.map((source) => lastOf(walls, source, to)).filter((it) => it !== null)
        if (found.length > 0) return Math.max(...found)
        const last = walls.atOrBefore(to + piece.offset + MARGIN)
        if (last === null) return null
        to = Math.min(piece.from - 1, last - piece.offset + MARGIN)
      }
      return null
    },
    countIn(from, to) {
      let count = 0
      const end = Math.min(to, MAX_INSTANT)
      for (let at = Math.max(from, -DAY) + 1; at <= end; ) {
        const piece = pieceAt(zone, dst, at)
        count += countOf(walls, piece, at, Math.min(piece.to - 1, end))
        at = piece.to
      }
      return count
    },
    mark(instant) {
      for (const { at, before, after } of changesBetween(zone, instant - 2 * DAY, instant + 2 * DAY)) {
        const length = Math.abs(after - before)
        if (instant < at - length || instant >= at + length) continue
        if (after < before) return instant < at ? 'fold_first' : 'fold_second'
        if (instant >= at) return has(walls, instant + after) ? null : 'gap_shifted'
      }
      return null
    },
    gapsIn(from, to) {
      if (dst?.gap !== 'skip' || from >= to) return []
      const runs: GapRun[] = []
      // A rule may begin thousands of years from now: what lies before its first wall time is not looked at.
      const begin = walls.after(from - MARGIN)
      if (begin === null || begin - MARGIN > to) return []
      for (const { at, before, after } of changesBetween(zone, Math.max(from, begin - MARGIN) - DAY, to + 1)) {
        const [low, high] = [Math.max(at - 1, from), Math.min(at + after - before - 1, to)]
        if (low >= high) continue
        const shifted = apart(walls, low + before + 1, high + before, after - before)
        const moved = shifted.filter((wall) => !has(others, wall - before))
        const [first, last] = [moved[0], moved.at(-1)]
        if (first === undefined || last === undefined) continue
        runs.push({ first: first - before, last: last - before, count: moved.length })
      }
      return runs
    },
  }
}

function firstOf(walls: Recurrence, { from, to, offset, collapseTo }: Source, instant: number): number | null {
  if (collapseTo !== undefined) return instant <= collapseTo && walls.countIn(from - 1, to - 1) > 0 ? collapseTo : null
  const wall = walls.after(Math.max(from, instant + offset) - 1)
  return wall !== null && wall < to ? wall - offset : null
}

function lastOf(walls: Recurrence, { from, to, offset, collapseTo }: Source, instant: number): number | null {
  if (collapseTo !== undefined) return instant >= collapseTo && walls.countIn(from - 1, to - 1) > 0 ? collapseTo : null
  const wall = walls.atOrBefore(Math.min(to - 1, instant + offset))
  return wall !== null && wall >= from ? wall - offset : null
}

/** How many instants of a piece lie from `first` to `last`, both inclusive. */
function countOf(walls: Recurrence, { sources }: Piece, first: number, last: number): number {
  const [regular, moved] = sources
  if (!regular) return 0
  const count = walls.countIn(first + regular.offset - 1, last + regular.offset)
  if (!moved) return count
  const { offset, collapseTo } = moved
  if (collapseTo !== undefined) {
    const isNew = first <= collapseTo && !has(walls, collapseTo + regular.offset)
    return isNew && walls.countIn(moved.from - 1, moved.to - 1) > 0 ? count + 1 : count
  }
  const end = Math.min(last + offset, moved.to - 1)
  return count + apart(walls, first + offset, end, regular.offset - offset).length
}

/** Those from `first` to `last`, both inclusive, that are no other's wall time when they move on by `shift`. */
function apart(walls: Recurrence, first: number, last: number, shift: number): number[] {
  const found: number[] = []
  // Walked: it is some hours, once or twice a year.
  for (let wall = walls.after(first - 1); wall !== null && wall <= last; wall = walls.after(wall)) {
    if (!has(walls, wall + shift)) found.push(wall)
  }
  return found
}

const within = (instant: number): number | null => (instant <= MAX_INSTANT ? instant : null)
