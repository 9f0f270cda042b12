import { expect, test } from 'vitest'
import { describeRrule } from './describe-rrule.ts'

// A Saturday.
const anchor = { wall: Date.UTC(2026, 0, 31, 8) }

const sentences: [string, string][] = [
  ['FREQ=DAILY', 'Every day at 08:00'],
  ['FREQ=DAILY;BYHOUR=17,9;BYMINUTE=30', 'Every day at 09:30 and 17:30'],
  ['FREQ=DAILY;BYSECOND=5', 'Every day at 08:00:05'],
  ['FREQ=DAILY;INTERVAL=2;BYMONTH=12,1;COUNT=1', 'Every 2 days at 08:00, only in January and December, once'],
  ['FREQ=WEEKLY', 'Every week on Saturday at 08:00'],
  ['FREQ=WEEKLY;BYDAY=WE,MO', 'Every week on Monday and Wednesday at 08:00'],
  ['FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU', 'Every 2 weeks on Sunday at 08:00, weeks from Sunday'],
  ['FREQ=MONTHLY', 'Every month on the 31st at 08:00, where there is one'],
  ['FREQ=MONTHLY;BYMONTHDAY=15,-1', 'Every month on the 15th and the last day at 08:00'],
  ['FREQ=MONTHLY;BYMONTHDAY=-2', 'Every month on the 2nd to last day at 08:00'],
  ['FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17;BYMINUTE=0;COUNT=10', 'Every month on the last Friday at 17:00, 10 times'],
  ['FREQ=MONTHLY;BYDAY=1MO,-2FR', 'Every month on the 1st Monday and the 2nd to last Friday at 08:00'],
  ['FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13', 'Every month on the 13th at 08:00, only when it is a Friday'],
  ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', 'Every month on the last working day (Monday to Friday) at 08:00'],
  ['FREQ=MONTHLY;BYDAY=SU,SA;BYSETPOS=1', 'Every month on the 1st day that is a Saturday or Sunday at 08:00'],
  ['FREQ=YEARLY', 'Every year on 31 January at 08:00'],
  ['FREQ=YEARLY;BYMONTH=4', 'Every year on 31 April at 08:00, where there is one'],
  ['FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24', 'Every year on 24 December at 08:00'],
  ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', 'Every year on 29 February at 08:00, where there is one'],
  ['FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR', 'Every year on the 13th of each month at 08:00, only when it is a Friday'],
  ['FREQ=YEARLY;BYMONTH=11;BYDAY=4TH', 'Every year in November, on the 4th Thursday at 08:00'],
  ['FREQ=YEARLY;BYDAY=20MO', 'Every year on the 20th Monday of the year at 08:00'],
  ['FREQ=YEARLY;BYWEEKNO=20', 'Every year in week 20, on Saturday at 08:00'],
  ['FREQ=YEARLY;BYYEARDAY=100,-1', 'Every year on the 100th day and the last day of the year at 08:00'],
  ['FREQ=HOURLY;INTERVAL=3;UNTIL=20300101T080000Z', 'Every 3 hours, until 2030-01-01T08:00:00Z'],
  ['FREQ=HOURLY;BYMINUTE=0,30;UNTIL=20300101', 'Every hour at minutes 0 and 30, until 2030-01-01'],
  [
    'FREQ=MINUTELY;INTERVAL=15;BYHOUR=9,10,11;BYDAY=MO,TU',
    'Every 15 minutes, only from 09:00 to 11:59, only on Monday and Tuesday',
  ],
  ['FREQ=SECONDLY;BYMINUTE=5;UNTIL=20300101T080000', 'Every second, only in minute 5, until 2030-01-01 08:00'],
]

test.each(sentences)('%s is %j', (rule, sentence) => {
  expect(describeRrule(`RRULE:${rule}`, anchor)).toBe(sentence)
})

test('a shape that a sentence would not get right is quoted, with the time that DTSTART gives it', () => {
  expect(describeRrule('RRULE:FREQ=YEARLY;BYWEEKNO=1;BYMONTH=1', anchor)).toBe(
    'Rule `FREQ=YEARLY;BYWEEKNO=1;BYMONTH=1` at 08:00',
  )
  expect(describeRrule('RRULE:FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=9,10;BYSETPOS=3', anchor)).toBe(
    'Rule `FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=9,10;BYSETPOS=3`',
  )
  expect(describeRrule('RRULE:FREQ=DAILY;BYHOUR=1,3,5,7,9,11,13,15,17', anchor)).toBe(
    'Rule `FREQ=DAILY;BYHOUR=1,3,5,7,9,11,13,15,17`',
  )
})

test('dates that are added and left out are counted', () => {
  const dates = 'RDATE:20260101T000000\nEXDATE:20260103T080000Z,20260104T080000\nEXDATE;VALUE=DATE:20260105'
  expect(describeRrule(`RRULE:FREQ=DAILY\n${dates}`, anchor)).toBe(
    'Every day at 08:00, and on 1 more date, except 3 dates',
  )
  expect(describeRrule(dates, anchor)).toBe('On 1 given date, except 3 dates')
})
