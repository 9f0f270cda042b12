// What is due in ten hours of the next two years in which the calendar or a zone's clocks do something, written out by hand from the
// rules of docs/time.md. All times are UTC.

/** A job for one of those hours, and all that comes of it there. */
export interface Entry {
  name: string
  path: 'jobs' | 'jobs/interval' | 'jobs/cron' | 'jobs/rrule'
  body: Record<string, unknown>
  sent: string[]
  /** What is in the ledger as skipped, for reason `dst_gap`. */
  skipped?: string[]
}

export interface Stretch {
  name: string
  /** The clock is set to this; what was due in between is left out by the jobs' own bounds, or is past its grace. */
  from: string
  to: string
  entries: Entry[]
}

const cron = (name: string, expression: string, sent: string[], more: object = {}, skipped?: string[]): Entry => ({
  ...{ name: `cron ${expression}, ${name}`, path: 'jobs/cron', sent },
  body: { cron: expression, ...more },
  ...(skipped && { skipped }),
})
const rrule = (name: string, lines: string, sent: string[], more: object = {}, skipped?: string[]): Entry => ({
  ...{ name: `rrule ${name}`, path: 'jobs/rrule', sent },
  body: { rrule: lines, ...more },
  ...(skipped && { skipped }),
})
const every = (name: string, given: object, sent: string[], more: object = {}, skipped?: string[]): Entry => ({
  ...{ name: `interval ${name}`, path: 'jobs/interval', sent },
  body: { ...given, ...more },
  ...(skipped && { skipped }),
})
const once = (name: string, schedule_time: string, sent: string[], more: object = {}): Entry => ({
  ...{ name: `once ${name}`, path: 'jobs', sent },
  body: { schedule_time, ...more },
})

const gap = (policy: string) => ({ dst: { gap: policy } })
const fold = (policy: string) => ({ dst: { fold: policy } })
/** The same day for each. */
const on = (day: string, ...times: string[]) => times.map((it) => `${day}T${it}:00Z`)

function inZone(timezone: string, stretch: Stretch): Stretch {
  return { ...stretch, entries: stretch.entries.map((it) => ({ ...it, body: { timezone, ...it.body } })) }
}

const newYorkForward = (at = on.bind(null, '2027-03-14')): Stretch => ({
  ...{ name: 'New York goes forward', from: '2027-03-14T06:10:00Z', to: '2027-03-14T08:10:00Z' },
  entries: [
    cron('shift', '30 2 * * *', at('07:30')),
    cron('next_valid', '30 2 * * *', at('07:00'), gap('next_valid')),
    cron('skip', '30 2 * * *', [], gap('skip'), at('07:30')),
    cron('as the clocks go', '0 * * * *', at('07:00', '08:00')),
    rrule('daily', 'DTSTART:20270313T021500\nRRULE:FREQ=DAILY', at('07:15')),
    rrule('daily, skip', 'DTSTART:20270313T024500\nRRULE:FREQ=DAILY', [], gap('skip'), at('07:45')),
  ],
})

const berlinForward = (at = on.bind(null, '2027-03-28')): Stretch => ({
  ...{ name: 'Berlin goes forward', from: '2027-03-28T00:10:00Z', to: '2027-03-28T02:10:00Z' },
  entries: [
    cron('shift', '30 2 * * *', at('01:30')),
    cron('next_valid', '30 2 * * *', at('01:00'), gap('next_valid')),
    cron('skip', '30 2 * * *', [], gap('skip'), at('01:30')),
    cron('as the clocks go', '0 * * * *', at('01:00', '02:00')),
    cron(
      'as the clocks go',
      '*/15 * * * *',
      at('00:15', '00:30', '00:45', '01:00', '01:15', '01:30', '01:45', '02:00'),
    ),
    rrule('daily', 'DTSTART:20270327T021500\nRRULE:FREQ=DAILY', at('01:15')),
    rrule('daily, next_valid', 'DTSTART:20270327T021500\nRRULE:FREQ=DAILY', at('01:00'), gap('next_valid')),
    every('of a day, shift', { days: 1, start_date: '2027-03-27T02:45:00' }, at('01:45')),
    every('of a day, next_valid', { days: 1, start_date: '2027-03-27T02:45:00' }, at('01:00'), gap('next_valid')),
    every('of a day, skip', { days: 1, start_date: '2027-03-27T02:45:00' }, [], gap('skip'), at('01:45')),
    every('of an hour', { hours: 1, start_date: '2027-03-28T00:20:00' }, at('00:20', '01:20')),
    once('in the gap', '2027-03-28T02:10:00', at('01:10')),
  ],
})

const lordHoweBack = (at = on.bind(null, '2027-04-03')): Stretch => ({
  ...{ name: 'Lord Howe goes back, by half an hour', from: '2027-04-03T14:05:00Z', to: '2027-04-03T16:05:00Z' },
  entries: [
    cron('first', '45 1 * * *', at('14:45')),
    cron('second', '45 1 * * *', at('15:15'), fold('second')),
    cron('both', '45 1 * * *', at('14:45', '15:15'), fold('both')),
    cron('as the clocks go', '0 * * * *', at('15:30')),
    every('of an hour', { hours: 1, start_date: '2027-04-04T00:10:00' }, at('14:10', '15:10')),
  ],
})

const lordHoweForward = (at = on.bind(null, '2027-10-02')): Stretch => ({
  ...{ name: 'Lord Howe goes forward, by half an hour', from: '2027-10-02T14:35:00Z', to: '2027-10-02T16:35:00Z' },
  entries: [
    cron('shift', '15 2 * * *', at('15:45')),
    cron('next_valid', '15 2 * * *', at('15:30'), gap('next_valid')),
    cron('skip', '15 2 * * *', [], gap('skip'), at('15:45')),
    cron('as the clocks go', '0 * * * *', at('16:00')),
    every('of a day', { days: 1, start_date: '2027-10-02T02:15:00' }, at('15:45')),
  ],
})

const berlinBack = (at = on.bind(null, '2027-10-31')): Stretch => ({
  ...{ name: 'Berlin goes back', from: '2027-10-31T00:05:00Z', to: '2027-10-31T02:05:00Z' },
  entries: [
    cron('first', '30 2 * * *', at('00:30')),
    cron('second', '30 2 * * *', at('01:30'), fold('second')),
    cron('both', '30 2 * * *', at('00:30', '01:30'), fold('both')),
    cron('as the clocks go', '0 * * * *', at('01:00', '02:00')),
    cron(
      'as the clocks go',
      '*/15 * * * *',
      at('00:15', '00:30', '00:45', '01:00', '01:15', '01:30', '01:45', '02:00'),
    ),
    rrule('daily', 'DTSTART:20271030T021500\nRRULE:FREQ=DAILY', at('00:15')),
    rrule('daily, both', 'DTSTART:20271030T021500\nRRULE:FREQ=DAILY', at('00:15', '01:15'), fold('both')),
    every('of a day, first', { days: 1, start_date: '2027-10-30T02:45:00' }, at('00:45')),
    every('of a day, second', { days: 1, start_date: '2027-10-30T02:45:00' }, at('01:45'), fold('second')),
    every('of a day, both', { days: 1, start_date: '2027-10-30T02:45:00' }, at('00:45', '01:45'), fold('both')),
    every('of an hour', { hours: 1, start_date: '2027-10-31T00:20:00' }, at('00:20', '01:20')),
    once('in the fold', '2027-10-31T02:15:00', at('00:15')),
    once('in the fold, second', '2027-10-31T02:15:00', at('01:15'), fold('second')),
  ],
})

const newYorkBack = (at = on.bind(null, '2027-11-07')): Stretch => ({
  ...{ name: 'New York goes back', from: '2027-11-07T05:05:00Z', to: '2027-11-07T07:05:00Z' },
  entries: [
    cron('first', '30 1 * * *', at('05:30')),
    cron('second', '30 1 * * *', at('06:30'), fold('second')),
    cron('both', '30 1 * * *', at('05:30', '06:30'), fold('both')),
    cron('as the clocks go', '0 * * * *', at('06:00', '07:00')),
    every('of a day, both', { days: 1, start_date: '2027-11-06T01:30:00' }, at('05:30', '06:30'), fold('both')),
  ],
})

const monthEnd: Stretch = {
  ...{ name: 'the end of a February of 28 days', from: '2027-02-28T23:50:00Z', to: '2027-03-01T00:20:00Z' },
  entries: [
    cron('the leap day', '0 0 29 2 *', []),
    cron('the last of February', '55 23 L 2 *', ['2027-02-28T23:55:00Z']),
    cron('the first', '@monthly', ['2027-03-01T00:00:00Z']),
    every('of a month, from the 31st', { months: 1, start_date: '2027-01-31T23:58:00' }, ['2027-02-28T23:58:00Z']),
    every('of a day', { days: 1, start_date: '2026-12-01T00:00:00' }, ['2027-03-01T00:00:00Z']),
    rrule('the last of each month', 'DTSTART:20270131T235500\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1', [
      '2027-02-28T23:55:00Z',
    ]),
    rrule('the 29th', 'DTSTART:20270129T235500\nRRULE:FREQ=MONTHLY', []),
  ],
}

const yearEnd: Stretch = {
  ...{ name: 'the end of a year', from: '2027-12-31T23:52:00Z', to: '2028-01-01T00:20:00Z' },
  entries: [
    cron('the first', '@yearly', ['2028-01-01T00:00:00Z']),
    cron('the last', '59 23 31 12 *', ['2027-12-31T23:59:00Z']),
    cron('every ten minutes', '*/10 * * * *', ['2028-01-01T00:00:00Z', '2028-01-01T00:10:00Z', '2028-01-01T00:20:00Z']),
    every('of a year', { years: 1, start_date: '2026-12-31T23:55:00' }, ['2027-12-31T23:55:00Z']),
    rrule('the last day', 'DTSTART:20261231T235900\nRRULE:FREQ=YEARLY;BYYEARDAY=-1', ['2027-12-31T23:59:00Z']),
  ],
}

const leapDayBegins: Stretch = {
  ...{ name: 'the leap day begins', from: '2028-02-28T23:50:00Z', to: '2028-02-29T00:20:00Z' },
  entries: [
    cron('the leap day', '10 0 29 2 *', ['2028-02-29T00:10:00Z']),
    cron('the last of February', '55 23 L 2 *', []),
    cron('the first of March', '5 0 1 3 *', []),
    every('of a year, from a leap day', { years: 1, start_date: '2024-02-29T00:15:00' }, ['2028-02-29T00:15:00Z']),
    every('of a day', { days: 1, start_date: '2027-12-01T00:00:00' }, ['2028-02-29T00:00:00Z']),
    rrule('the 29th', 'DTSTART:20270129T001000\nRRULE:FREQ=MONTHLY', ['2028-02-29T00:10:00Z']),
  ],
}

const leapDayEnds: Stretch = {
  ...{ name: 'the leap day ends', from: '2028-02-29T23:50:00Z', to: '2028-03-01T00:20:00Z' },
  entries: [
    cron('the last of February', '55 23 L 2 *', ['2028-02-29T23:55:00Z']),
    cron('the first of March', '5 0 1 3 *', ['2028-03-01T00:05:00Z']),
    every('of a month, from the 31st', { months: 1, start_date: '2027-01-31T23:58:00' }, ['2028-02-29T23:58:00Z']),
    every('of a year, from a leap day', { years: 1, start_date: '2024-02-29T00:15:00' }, []),
  ],
}

export const calendar: Stretch[] = [
  inZone('UTC', monthEnd),
  inZone('America/New_York', newYorkForward()),
  inZone('Europe/Berlin', berlinForward()),
  inZone('Australia/Lord_Howe', lordHoweBack()),
  inZone('Australia/Lord_Howe', lordHoweForward()),
  inZone('Europe/Berlin', berlinBack()),
  inZone('America/New_York', newYorkBack()),
  inZone('UTC', yearEnd),
  inZone('UTC', leapDayBegins),
  inZone('UTC', leapDayEnds),
]
