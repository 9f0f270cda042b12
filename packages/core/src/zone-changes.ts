import type { Dst } from './schedule.ts'
import { type Span, zoneTable } from './zone-table.ts'

const DAY = 86_400_000

/** A moment at which the clocks of a zone are set; offsets and instants in milliseconds. */
export interface Change {
  at: number
  before: number
  after: number
}

/** The changes of a zone with `from` < at < `to`, in order. */
export function changesBetween(zone: string, from: number, to: number): Change[] {
  const spans = zoneTable(zone).spansBetween(from, to)
  return spans.slice(1).map((span, i) => ({ at: span.from, before: (spans[i] as Span).offset, after: span.offset }))
}

/** Wall times `from` (inclusive) to `to` (exclusive), which happen `offset` before what they say in UTC. */
export interface Source {
  from: number
  to: number
  offset: number
  /** All of them happen at this one instant, if there is any. */
  collapseTo?: number
}

/** A stretch of instants, `from` inclusive, `to` exclusive, and the wall times that happen in it. */
export interface Piece {
  from: number
  to: number
  /** What the clocks show, less the instant; of some instant in it. */
  offset: number
  /** None: what would happen in it happens in the other pass. */
  sources: Source[]
}

/**
 * The piece of a zone's time that holds an instant. Pieces join without gaps, and a longer stretch may be cut anywhere.
 *
 * @param dst where a gap's wall times go and which pass of a fold counts; null: wall times happen as the clocks show them
 */
export function pieceAt(zone: string, dst: Dst | null, instant: number): Piece {
  const span = zoneTable(zone).spanAt(instant)
  const { offset } = span
  // No change of clock is larger than a day: this far from one nothing is special.
  if (span.from + DAY <= instant && instant < span.to - DAY) return plain(span.from + DAY, span.to - DAY, offset)
  let [from, to] = [instant - DAY, instant + DAY]
  for (const change of changesBetween(zone, instant - 2 * DAY, instant + 2 * DAY)) {
    const special = dst ? specialOf(change, dst) : null
    for (const edge of special ? [change.at, special.from, special.to] : [change.at]) {
      if (edge <= instant) from = Math.max(from, edge)
      else to = Math.min(to, edge)
    }
    if (special && special.from <= instant && instant < special.to) return special
  }
  return plain(from, to, offset)
}

function plain(from: number, to: number, offset: number): Piece {
  return { from, to, offset, sources: [{ from: from + offset, to: to + offset, offset }] }
}

/** What is not plain about a change of clock; null when nothing is. */
function specialOf({ at, before, after }: Change, { gap, fold }: Dst): Piece | null {
  const length = Math.abs(after - before)
  if (after > before) {
    const skipped = { from: at + before, to: at + after, offset: before }
    if (gap === 'skip') return null
    const piece = plain(at, gap === 'shift' ? at + length : at + 1, after)
    piece.sources.push(gap === 'shift' ? skipped : { ...skipped, collapseTo: at })
    return piece
  }
  if (fold === 'both') return null
  // The pass that does not count.
  return fold === 'first'
    ? { from: at, to: at + length, offset: after, sources: [] }
    : { from: at - length, to: at, offset: before, sources: [] }
}
