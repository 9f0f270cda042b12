const FORM = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?$/

/** A date or a time as RFC 5545 writes it. */
export interface RruleDate {
  /** ISO 8601 without offset; a date is its midnight. */
  iso: string
  /** `iso` in ms since 1970 as if it were UTC: the wall time, or with `utc` the instant. */
  at: number
  utc: boolean
  /** True for a date alone. */
  date: boolean
}

/** A value of DTSTART, UNTIL, RDATE or EXDATE, in upper case; or what it must be, to go after its name. */
export function readRruleDate(text: string): RruleDate | string {
  const match = FORM.exec(text)
  if (!match) return `must be written as 20260131T080000, 20260131T080000Z or 20260131, not ${quote(text)}`
  const [, year, month, day, hour = '00', minute = '00', second = '00', zulu] = match
  if (second === '60') return `must have seconds from 00 to 59; leap seconds are not supported`
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const at = Date.parse(`${iso}Z`)
  // Date.parse lets 30 February and 24:00 through, as the day after.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== iso) {
    return `must be a time that exists, not ${quote(text)}`
  }
  if (Number(year) < 1970) return `must be within the years 1970 to 9999, not ${quote(text)}`
  return { iso, at, utc: zulu !== undefined, date: match[4] === undefined }
}

/** A piece of a client's text for a message: quoted, and cut short. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
