import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRrule } from './rrule.ts'

const ZONE = 'Europe/Berlin'

function read(text: string, zone = ZONE) {
  const result = readRrule(text, zone)
  if ('errors' in result) throw new Error(result.errors.map(({ message }) => message).join(' / '))
  return result
}

function messages(text: string): string[] {
  const result = readRrule(text, ZONE)
  if (!('errors' in result)) throw new Error(`${text} was accepted`)
  expect(result.errors.every(({ path }) => path === 'rrule')).toBe(true)
  return result.errors.map(({ message }) => message)
}

describe('what is accepted', () => {
  test('lines are put in order and in upper case, and DTSTART is taken out', () => {
    const text =
      'exdate;tzid=europe/berlin:20260105T080000\r\nrdate:20260110T080000Z,\r\n 20260111\r\n\r\n' +
      'dtstart;TZID=Europe/Berlin:20260101T080000\r\nrrule:freq=weekly;byday=mo;count=5;\r\n'
    expect(read(text)).toEqual({
      rrule:
        'RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=5\nRDATE:20260110T080000Z\nRDATE;VALUE=DATE:20260111\nEXDATE:20260105T080000',
      dtstart: { text: '2026-01-01T08:00:00+01:00' },
      freq: 'WEEKLY',
      bounded: true,
    })
  })

  test('the value of an RRULE alone will do', () => {
    expect(read('FREQ=DAILY')).toEqual({ rrule: 'RRULE:FREQ=DAILY', dtstart: null, freq: 'DAILY', bounded: false })
  })

  test('RDATEs alone are a bounded rule without FREQ', () => {
    expect(read('RDATE;VALUE=DATE-TIME:20260101T080000')).toMatchObject({ freq: null, bounded: true })
  })

  test('a DTSTART with Z is shown in the zone, and one of a date is its midnight', () => {
    expect(read('DTSTART:20260701T060000Z\nFREQ=DAILY').dtstart?.text).toBe('2026-07-01T08:00:00+02:00')
    expect(read('DTSTART;VALUE=DATE:20260701\nFREQ=DAILY').dtstart?.text).toBe('2026-07-01T00:00:00+02:00')
  })

  test('TZID may write the zone of the job in another way', () => {
    expect(read('DTSTART;TZID="utc":20260701T060000\nFREQ=DAILY', 'UTC').dtstart?.text).toBe(
      '2026-07-01T06:00:00+00:00',
    )
  })

  test('what was accepted is accepted again, unchanged', () => {
    const { rrule } = read('RRULE:FREQ=MONTHLY;BYDAY=+1MO,-1FR;UNTIL=20301231\nRDATE:20260101\nEXDATE:20260101T000000Z')
    expect(read(rrule).rrule).toBe(rrule)
  })
})

const refused: [string, string][] = [
  ['', 'must have an RRULE or an RDATE'],
  ['EXDATE:20260101', 'must have an RRULE or an RDATE'],
  ['FREQ=DAILY\nRRULE:FREQ=WEEKLY', 'must have one RRULE line at most'],
  ['DTSTART:20260101\nDTSTART:20260102\nFREQ=DAILY', 'must have one DTSTART line at most'],
  ['EXRULE:FREQ=DAILY', 'has a line EXRULE, which is not supported; give DTSTART, RRULE, RDATE and EXDATE'],
  ['BEGIN:VEVENT', 'has a line BEGIN, which is not supported; give DTSTART, RRULE, RDATE and EXDATE'],
  ['every day', 'has a line "every day", which is not supported; give DTSTART, RRULE, RDATE and EXDATE'],
  ['RRULE', 'has a line RRULE without a colon and a value'],
  ['RRULE;X=1:FREQ=DAILY', 'has an RRULE with "X=1"; RRULE takes no parameters'],
  ['RRULE:COUNT=3', 'RRULE must have FREQ, one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY'],
  [
    'FREQ=FORTNIGHTLY',
    'FREQ must be one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY, not "FORTNIGHTLY"',
  ],
  ['FREQ=DAILY;;COUNT=3', 'RRULE must be made of NAME=VALUE, separated by semicolons; "" is not'],
  ['FREQ=DAILY;FREQ=DAILY', 'FREQ must be given once only'],
  ['FREQ=DAILY;X-EVERY=2', 'X-EVERY is not a part of a recurrence rule'],
  ['FREQ=DAILY;BYEASTER=0', 'BYEASTER is not a part of a recurrence rule'],
  ['FREQ=DAILY;RSCALE=GREGORIAN', 'RSCALE is not supported (RFC 7529)'],
  ['FREQ=DAILY;BYHOUR=', 'BYHOUR must have a value'],
  ['FREQ=DAILY;BYHOUR=24', 'BYHOUR must be from 0 to 23, not "24"'],
  ['FREQ=DAILY;BYHOUR=1,,2', 'BYHOUR must be from 0 to 23, not ""'],
  ['FREQ=DAILY;BYMINUTE=-1', 'BYMINUTE must be from 0 to 59, not "-1"'],
  ['FREQ=DAILY;BYSECOND=60', 'BYSECOND must be from 0 to 59; leap seconds are not supported'],
  ['FREQ=DAILY;BYMONTH=13', 'BYMONTH must be from 1 to 12, not "13"'],
  ['FREQ=MONTHLY;BYMONTHDAY=0', 'BYMONTHDAY must be from 1 to 31, or -31 to -1, not "0"'],
  ['FREQ=YEARLY;BYYEARDAY=367', 'BYYEARDAY must be from 1 to 366, or -366 to -1, not "367"'],
  ['FREQ=YEARLY;BYWEEKNO=1.5', 'BYWEEKNO must be from 1 to 53, or -53 to -1, not "1.5"'],
  [
    'FREQ=MONTHLY;BYDAY=0MO',
    'BYDAY must be MO, TU, WE, TH, FR, SA, SU, with a number from 1 to 53 or -53 to -1 before if need be, not "0MO"',
  ],
  ['FREQ=DAILY;WKST=XX', 'WKST must be one of MO, TU, WE, TH, FR, SA, SU, not "XX"'],
  ['FREQ=DAILY;COUNT=0', 'COUNT must be a whole number, 1 or more, not "0"'],
  ['FREQ=DAILY;COUNT=100001', 'COUNT must be at most 100000'],
  ['FREQ=DAILY;INTERVAL=1e3', 'INTERVAL must be a whole number, 1 or more, not "1E3"'],
  ['FREQ=YEARLY;INTERVAL=101', 'INTERVAL must be at most 100 with FREQ=YEARLY'],
  ['FREQ=HOURLY;INTERVAL=8785', 'INTERVAL must be at most 8784 with FREQ=HOURLY'],
  ['FREQ=DAILY;COUNT=3;UNTIL=20270101', 'COUNT and UNTIL must not be given together'],
  ['FREQ=DAILY;UNTIL=20260230', 'UNTIL must be a time that exists, not "20260230"'],
  [
    'FREQ=DAILY;UNTIL=2026-02-20',
    'UNTIL must be written as 20260131T080000, 20260131T080000Z or 20260131, not "2026-02-20"',
  ],
  ['FREQ=MONTHLY;BYWEEKNO=1', 'BYWEEKNO must be given with FREQ=YEARLY only'],
  ['FREQ=MONTHLY;BYYEARDAY=1', 'BYYEARDAY must not be given with FREQ=MONTHLY'],
  ['FREQ=WEEKLY;BYMONTHDAY=1', 'BYMONTHDAY must not be given with FREQ=WEEKLY'],
  ['FREQ=WEEKLY;BYDAY=1MO', 'BYDAY must not have numbers with FREQ=WEEKLY; they are for MONTHLY and YEARLY'],
  ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO', 'BYDAY must not have numbers when BYWEEKNO is given'],
  ['FREQ=MONTHLY;BYSETPOS=1', 'BYSETPOS must be given with another BY part'],
  [
    'DTSTART:2026-01-01T08:00:00\nFREQ=DAILY',
    'DTSTART must be written as 20260131T080000, 20260131T080000Z or 20260131, not "2026-01-01T08:00:00"',
  ],
  ['DTSTART:20260101,20260102\nFREQ=DAILY', 'DTSTART must have one value'],
  ['DTSTART:20260101T240000\nFREQ=DAILY', 'DTSTART must be a time that exists, not "20260101T240000"'],
  ['DTSTART:19690101\nFREQ=DAILY', 'DTSTART must be within the years 1970 to 9999, not "19690101"'],
  [
    'DTSTART;TZID=Asia/Tokyo:20260101T080000\nFREQ=DAILY',
    'has TZID Asia/Tokyo, but timezone is Europe/Berlin; give one of them, or the same',
  ],
  ['DTSTART;TZID=Europe/Berlin:20260101T080000Z\nFREQ=DAILY', 'DTSTART must not have both TZID and a time with Z'],
  ['RDATE;VALUE=PERIOD:20260101T080000Z/PT1H', 'RDATE must be VALUE=DATE-TIME or DATE, not "PERIOD"'],
  ['RDATE;VALUE=DATE:20260101T080000', 'RDATE must hold VALUE=DATE, not "20260101T080000"'],
  ['RDATE;RANGE=THISANDFUTURE:20260101', 'RDATE must not have the parameter "RANGE=THISANDFUTURE"'],
  ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 'never occurs'],
  ['FREQ=DAILY;BYHOUR=1;BYSETPOS=2', 'never occurs'],
  ['DTSTART:20260101T080000\nFREQ=SECONDLY;INTERVAL=140;BYSECOND=1', 'never occurs'],
  ['FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=100000', 'COUNT needs too many steps to count; use UNTIL'],
  ['DTSTART:20260101\nFREQ=HOURLY;BYMONTHDAY=1;COUNT=100000', 'COUNT needs too many steps to count; use UNTIL'],
  ['DTSTART:20260101\nFREQ=DAILY;UNTIL=20251231', 'ends before its first occurrence; UNTIL must be later'],
  [
    `RDATE:${Array.from({ length: 9 }, () => '20260101').join(',')},`,
    'RDATE must be written as 20260131T080000, 20260131T080000Z or 20260131, not ""',
  ],
]

describe('what is refused', () => {
  test.each(refused)('%j is refused with a sentence', (text, message) => {
    expect(messages(text)).toEqual([message])
  })

  test('a text of more than 8192 characters is refused, and one of 8192 read', () => {
    expect(messages(`FREQ=DAILY${' '.repeat(8_183)}`)).toEqual(['must be at most 8192 characters'])
    expect(read(`FREQ=DAILY${' '.repeat(8_182)}`).freq).toBe('DAILY')
  })

  test('every fault is named, ten at the most', () => {
    expect(messages('FREQ=DAILY;BYHOUR=25;BYMINUTE=61\nSUMMARY:x')).toHaveLength(3)
    expect(messages(Array.from({ length: 20 }, (_, index) => `X-${'A'.repeat(index + 1)}:1`).join('\n'))).toHaveLength(
      10,
    )
  })
})

test('no text makes the reader throw, or takes it a tenth of a second', () => {
  const names = [
    'FREQ',
    'INTERVAL',
    'COUNT',
    'UNTIL',
    'WKST',
    'BYMONTH',
    'BYWEEKNO',
    'BYYEARDAY',
    'BYMONTHDAY',
    'BYDAY',
    'BYHOUR',
    'BYMINUTE',
    'BYSECOND',
    'BYSETPOS',
    'X',
  ]
  const range = (max: number) => Array.from({ length: max }, (_, index) => index + 1).join()
  const values = [
    'YEARLY',
    'MONTHLY',
    'WEEKLY',
    'DAILY',
    'HOURLY',
    'MINUTELY',
    'SECONDLY',
    '1',
    '2',
    '7',
    '13',
    '29',
    '59',
    '366',
    '-1',
    '3600',
    '100000',
    '20300101',
    '20300101T000000Z',
    'MO',
    '-5SU,5MO',
    'MO,TU,WE,TH,FR,SA,SU',
    range(366),
    range(59),
    range(23),
    range(12),
    range(31),
    '-1,-366,366',
    '',
    '=',
    '9'.repeat(400),
  ]
  const partArb = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values)).map((it) => it.join('='))
  const ruleArb = fc
    .tuple(
      fc.constantFrom('YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY'),
      fc.array(partArb, { maxLength: 5 }),
    )
    .map(([freq, parts]) => [`FREQ=${freq}`, ...parts].join(';'))
  const textArb = fc.oneof(
    { weight: 6, arbitrary: ruleArb },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    {
      weight: 1,
      arbitrary: fc
        .array(
          fc.constantFrom(
            'RRULE:',
            'RDATE:',
            'EXDATE;',
            'DTSTART',
            ':',
            ';',
            '=',
            ',',
            '\n',
            '\r\n ',
            'TZID=',
            'VALUE=DATE',
            '20260101',
            'FREQ=DAILY',
            '"',
          ),
          { maxLength: 40 },
        )
        .map((it) => it.join('')),
    },
  )
  let slowest = 0
  let accepted = 0
  fc.assert(
    fc.property(textArb, fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe'), (text, zone) => {
      let took = Infinity
      // Again when it was slow: this machine may have been busy.
      for (let go = 0; go < 3 && took >= 100; go += 1) {
        const since = performance.now()
        const read = readRrule(text, zone)
        took = performance.now() - since
        if (go === 0 && !('errors' in read)) accepted += 1
      }
      slowest = Math.max(slowest, took)
    }),
    { seed: 2445, numRuns: 1_500 },
  )
  expect(accepted).toBeGreaterThan(200)
  expect(slowest).toBeLessThan(100)
})
