import { expect, test } from 'vitest'
import { readStored } from './datetime.ts'
import { until } from './recurrence.ts'
import { compileRrule, readRrule } from './rrule.ts'
import { offsetAt, toInstant } from './timezone.ts'

const ZONE = 'America/New_York'

/** The first wall times of a text, as `1997-09-02 09:00`. */
function first(count: number, text: string): string[] {
  const read = readRrule(text, ZONE)
  if ('errors' in read) throw new Error(read.errors[0]?.message)
  const anchor = readStored(read.dtstart?.text ?? '')
  const { walls, instants, untilInstant } = compileRrule(read.rrule, anchor, ZONE)
  const all = walls ?? instants
  if (!all) throw new Error('has no rule')
  // The zone is Z hours behind, so the instant of UNTIL has an own wall time.
  const rule = walls && untilInstant !== null ? until(all, untilInstant + offsetAt(ZONE, untilInstant)) : all
  const found: string[] = []
  for (let at = rule.after(-Infinity); at !== null && found.length < count; at = rule.after(at)) {
    const wall = walls ? at : at + offsetAt(ZONE, at)
    if (walls) expect(toInstant(ZONE, wall).kind).toBe('plain')
    found.push(new Date(wall).toISOString().slice(0, 16).replace('T', ' '))
  }
  return found
}

/** `1997-09: 2 4 | 1998-01: 6` as dates at nine in the morning. */
function days(text: string): string[] {
  return text.split(' | ').flatMap((part) => {
    const [month, list] = part.split(': ')
    return (list ?? '').split(' ').map((day) => `${month}-${day.padStart(2, '0')} 09:00`)
  })
}

// RFC 5545 section 3.8.5.3, in its order: DTSTART's date, the rule, the dates. A trailing … stands for no end.
const examples: [string, string, string][] = [
  ['19970902', 'FREQ=DAILY;COUNT=10', '1997-09: 2 3 4 5 6 7 8 9 10 11'],
  ['19970902', 'FREQ=DAILY;INTERVAL=2', '1997-09: 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 | 1997-10: 2 4 …'],
  ['19970902', 'FREQ=DAILY;INTERVAL=10;COUNT=5', '1997-09: 2 12 22 | 1997-10: 2 12'],
  ['19970902', 'FREQ=WEEKLY;COUNT=10', '1997-09: 2 9 16 23 30 | 1997-10: 7 14 21 28 | 1997-11: 4'],
  [
    '19970902',
    'FREQ=WEEKLY;UNTIL=19971224T000000Z',
    '1997-09: 2 9 16 23 30 | 1997-10: 7 14 21 28 | 1997-11: 4 11 18 25 | 1997-12: 2 9 16 23',
  ],
  [
    '19970902',
    'FREQ=WEEKLY;INTERVAL=2;WKST=SU',
    '1997-09: 2 16 30 | 1997-10: 14 28 | 1997-11: 11 25 | 1997-12: 9 23 | 1998-01: 6 20 | 1998-02: 3 …',
  ],
  [
    '19970902',
    'FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH',
    '1997-09: 2 4 9 11 16 18 23 25 30 | 1997-10: 2',
  ],
  ['19970902', 'FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH', '1997-09: 2 4 9 11 16 18 23 25 30 | 1997-10: 2'],
  [
    '19970901',
    'FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR',
    '1997-09: 1 3 5 15 17 19 29 | 1997-10: 1 3 13 15 17 27 29 31 | 1997-11: 10 12 14 24 26 28 | 1997-12: 8 10 12 22',
  ],
  ['19970902', 'FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH', '1997-09: 2 4 16 18 30 | 1997-10: 2 14 16'],
  [
    '19970905',
    'FREQ=MONTHLY;COUNT=10;BYDAY=1FR',
    '1997-09: 5 | 1997-10: 3 | 1997-11: 7 | 1997-12: 5 | 1998-01: 2 | 1998-02: 6 | 1998-03: 6 | 1998-04: 3 | 1998-05: 1 | 1998-06: 5',
  ],
  ['19970905', 'FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR', '1997-09: 5 | 1997-10: 3 | 1997-11: 7 | 1997-12: 5'],
  [
    '19970907',
    'FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU',
    '1997-09: 7 28 | 1997-11: 2 30 | 1998-01: 4 25 | 1998-03: 1 29 | 1998-05: 3 31',
  ],
  [
    '19970922',
    'FREQ=MONTHLY;COUNT=6;BYDAY=-2MO',
    '1997-09: 22 | 1997-10: 20 | 1997-11: 17 | 1997-12: 22 | 1998-01: 19 | 1998-02: 16',
  ],
  [
    '19970928',
    'FREQ=MONTHLY;BYMONTHDAY=-3',
    '1997-09: 28 | 1997-10: 29 | 1997-11: 28 | 1997-12: 29 | 1998-01: 29 | 1998-02: 26 …',
  ],
  [
    '19970902',
    'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15',
    '1997-09: 2 15 | 1997-10: 2 15 | 1997-11: 2 15 | 1997-12: 2 15 | 1998-01: 2 15',
  ],
  [
    '19970930',
    'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1',
    '1997-09: 30 | 1997-10: 1 31 | 1997-11: 1 30 | 1997-12: 1 31 | 1998-01: 1 31 | 1998-02: 1',
  ],
  [
    '19970910',
    'FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15',
    '1997-09: 10 11 12 13 14 15 | 1999-03: 10 11 12 13',
  ],
  [
    '19970902',
    'FREQ=MONTHLY;INTERVAL=2;BYDAY=TU',
    '1997-09: 2 9 16 23 30 | 1997-11: 4 11 18 25 | 1998-01: 6 13 20 27 | 1998-03: 3 10 17 24 31 …',
  ],
  [
    '19970610',
    'FREQ=YEARLY;COUNT=10;BYMONTH=6,7',
    '1997-06: 10 | 1997-07: 10 | 1998-06: 10 | 1998-07: 10 | 1999-06: 10 | 1999-07: 10 | 2000-06: 10 | 2000-07: 10 | 2001-06: 10 | 2001-07: 10',
  ],
  [
    '19970310',
    'FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3',
    '1997-03: 10 | 1999-01: 10 | 1999-02: 10 | 1999-03: 10 | 2001-01: 10 | 2001-02: 10 | 2001-03: 10 | 2003-01: 10 | 2003-02: 10 | 2003-03: 10',
  ],
  [
    '19970101',
    'FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200',
    '1997-01: 1 | 1997-04: 10 | 1997-07: 19 | 2000-01: 1 | 2000-04: 9 | 2000-07: 18 | 2003-01: 1 | 2003-04: 10 | 2003-07: 19 | 2006-01: 1',
  ],
  ['19970519', 'FREQ=YEARLY;BYDAY=20MO', '1997-05: 19 | 1998-05: 18 | 1999-05: 17 …'],
  ['19970512', 'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO', '1997-05: 12 | 1998-05: 11 | 1999-05: 17 …'],
  ['19970313', 'FREQ=YEARLY;BYMONTH=3;BYDAY=TH', '1997-03: 13 20 27 | 1998-03: 5 12 19 26 | 1999-03: 4 11 18 25 …'],
  [
    '19970605',
    'FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8',
    '1997-06: 5 12 19 26 | 1997-07: 3 10 17 24 31 | 1997-08: 7 14 21 28 | 1998-06: 4 11 18 25 | 1998-07: 2 9 16 23 30 …',
  ],
  [
    '19970902',
    'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
    '1998-02: 13 | 1998-03: 13 | 1998-11: 13 | 1999-08: 13 | 2000-10: 13 …',
  ],
  [
    '19970913',
    'FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13',
    '1997-09: 13 | 1997-10: 11 | 1997-11: 8 | 1997-12: 13 | 1998-01: 10 | 1998-02: 7 | 1998-03: 7 | 1998-04: 11 | 1998-05: 9 | 1998-06: 13 …',
  ],
  [
    '19961105',
    'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8',
    '1996-11: 5 | 2000-11: 7 | 2004-11: 2 …',
  ],
  ['19970904', 'FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', '1997-09: 4 | 1997-10: 7 | 1997-11: 6'],
  [
    '19970929',
    'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2',
    '1997-09: 29 | 1997-10: 30 | 1997-11: 27 | 1997-12: 30 | 1998-01: 29 | 1998-02: 26 | 1998-03: 30 …',
  ],
  ['19970805', 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO', '1997-08: 5 10 19 24'],
  ['19970805', 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU', '1997-08: 5 17 19 31'],
  ['20070115', 'FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5', '2007-01: 15 30 | 2007-02: 15 | 2007-03: 15 30'],
]

test.each(examples)('from %s on, %s is as in RFC 5545', (date, rule, dates) => {
  const expected = days(dates.replace(' …', ''))
  const text = `DTSTART;TZID=America/New_York:${date}T090000\nRRULE:${rule}`
  // One more shows that a bounded rule ends there.
  const found = first(expected.length + 1, text)
  expect(found.slice(0, expected.length)).toEqual(expected)
  expect(found.length > expected.length).toBe(dates.endsWith('…'))
})

test('every day in January for three years is the same by YEARLY and by DAILY', () => {
  const start = 'DTSTART;TZID=America/New_York:19980101T090000\n'
  const until = 'UNTIL=20000131T140000Z;BYMONTH=1'
  const yearly = first(100, `${start}RRULE:FREQ=YEARLY;${until};BYDAY=SU,MO,TU,WE,TH,FR,SA`)
  expect(yearly).toHaveLength(93)
  expect([yearly[0], yearly[31], yearly[92]]).toEqual(['1998-01-01 09:00', '1999-01-01 09:00', '2000-01-31 09:00'])
  expect(first(100, `${start}RRULE:FREQ=DAILY;${until}`)).toEqual(yearly)
})

test('daily until 24 December has 113 occurrences', () => {
  const found = first(200, 'DTSTART:19970902T090000\nRRULE:FREQ=DAILY;UNTIL=19971224T000000Z')
  expect([found.length, found.at(-1)]).toEqual([113, '1997-12-23 09:00'])
})

test('exact frequencies are as in RFC 5545', () => {
  const of = (rule: string) => first(7, `DTSTART:19970902T090000\nRRULE:${rule}`).map((it) => it.slice(11))
  // The text says 15:00 too, against its own UNTIL, which is 13:00 in New York: erratum 3883.
  expect(of('FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z')).toEqual(['09:00', '12:00'])
  expect(of('FREQ=MINUTELY;INTERVAL=15;COUNT=6')).toEqual(['09:00', '09:15', '09:30', '09:45', '10:00', '10:15'])
  expect(of('FREQ=MINUTELY;INTERVAL=90;COUNT=4')).toEqual(['09:00', '10:30', '12:00', '13:30'])
})

test('every 20 minutes from 9:00 to 16:40 is the same by DAILY and by MINUTELY', () => {
  const start = 'DTSTART:19970902T090000\n'
  const daily = first(60, `${start}RRULE:FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40`)
  expect([daily[0], daily[1], daily[23], daily[24]]).toEqual([
    '1997-09-02 09:00',
    '1997-09-02 09:20',
    '1997-09-02 16:40',
    '1997-09-03 09:00',
  ])
  expect(first(60, `${start}RRULE:FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16`)).toEqual(daily)
})
