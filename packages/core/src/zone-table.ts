import { IANAZone } from 'luxon'

/** A stretch of time with one offset from UTC: `from` inclusive, `to` exclusive, all in milliseconds. */
export interface Span {
  from: number
  to: number
  offset: number
}

// A chunk is about 397 days, a sample every 6.2 days. Since 1970 the shortest out-and-back change of any zone lasts
// 6.96 days (Noronha 2000, Gaza 2040), so between two samples there is at most one transition.
const CHUNK_MS = 2 ** 35
const SAMPLE_MS = 2 ** 29
// A job may be asked for any year up to 9999; this many chunks are 279 years, some tens of kilobytes a zone.
const MAX_CHUNKS = 256
const SECOND = 1000

/**
 * The offsets of one zone, filled from the time zone database a chunk at a time, on first use.
 *
 * An offset from the table costs some nanoseconds; one from luxon or Intl, about 6 µs.
 */
export class ZoneTable {
  readonly #chunks = new Map<number, Span[]>()
  readonly #read: (instant: number) => number

  /** @param read the offset in milliseconds at an instant; slow, but always right. */
  constructor(read: (instant: number) => number) {
    this.#read = read
  }

  /** The span that holds an instant; cut at the edges of a chunk, so neighbours may have the same offset. */
  spanAt(instant: number): Span {
    const spans = this.#chunk(Math.floor(instant / CHUNK_MS))
    for (const span of spans) if (instant < span.to) return span
    throw new RangeError(`no offset is known for the instant ${instant}`)
  }

  /** The spans that touch `from`–`to`, neighbours with the same offset merged. */
  spansBetween(from: number, to: number): Span[] {
    const spans = [{ ...this.spanAt(from) }]
    for (let last = spans[0] as Span; last.to <= to; last = spans.at(-1) as Span) {
      const next = this.spanAt(last.to)
      if (next.offset === last.offset) last.to = next.to
      else spans.push({ ...next })
    }
    return spans
  }

  #chunk(index: number): Span[] {
    let spans = this.#chunks.get(index)
    if (!spans) {
      if (this.#chunks.size >= MAX_CHUNKS) this.#chunks.clear()
      spans = this.#fill(index * CHUNK_MS, (index + 1) * CHUNK_MS)
      this.#chunks.set(index, spans)
    }
    return spans
  }

  #fill(start: number, end: number): Span[] {
    const spans: Span[] = []
    let span: Span = { from: start, to: end, offset: this.#read(start) }
    for (let sample = start + SAMPLE_MS; sample <= end; sample += SAMPLE_MS) {
      const offset = this.#read(sample)
      if (offset === span.offset) continue
      const transition = this.#bisect(sample - SAMPLE_MS, sample, offset)
      if (transition >= end) break
      spans.push({ ...span, to: transition })
      span = { from: transition, to: end, offset }
    }
    spans.push(span)
    return spans
  }

  /** The first whole second, after `before` and up to `until`, with the offset that `until` has. */
  #bisect(before: number, until: number, offset: number): number {
    let low = Math.floor(before / SECOND)
    let high = Math.ceil(until / SECOND)
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.#read(middle * SECOND) === offset) high = middle
      else low = middle
    }
    return high * SECOND
  }
}

const FIXED = /^UTC(?:([+-])(\d\d):(\d\d))?$/
const tables = new Map<string, ZoneTable>()

/**
 * The table of a zone in the form that `parseZone` returns; made once per process.
 *
 * @throws RangeError when the zone is unknown to the time zone database.
 */
export function zoneTable(zone: string): ZoneTable {
  let table = tables.get(zone)
  if (!table) {
    table = new ZoneTable(reader(zone))
    tables.set(zone, table)
  }
  return table
}

function reader(zone: string): (instant: number) => number {
  const fixed = FIXED.exec(zone)
  if (fixed) {
    const [, sign, hours = '0', minutes = '0'] = fixed
    const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
    return () => offset
  }
  if (!IANAZone.isValidZone(zone)) throw new RangeError(`unknown time zone ${JSON.stringify(zone)}`)
  const iana = IANAZone.create(zone)
  return (instant) => Math.round(iana.offset(instant) * 60_000)
}
