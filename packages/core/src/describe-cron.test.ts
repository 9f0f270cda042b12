import { describe, expect, test } from 'vitest'
import { checkCron } from './cron.ts'
import { describeCron } from './describe-cron.ts'

const FIRST_MINUTES = '0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, and 55'

describe('describeCron says when, on which days and in which months', () => {
  test.for([
    ['0 8 * * *', 'At 08:00'],
    ['5 30 8,17 * * *', 'At 08:30:05 and 17:30:05'],
    ['*/5 * * * *', 'Every 5 minutes'],
    ['*/5 * * * 1-5', 'Every 5 minutes, Monday through Friday'],
    ['* * * * * *', 'Every second'],
    ['*/10 * * * * *', 'Every 10 seconds'],
    ['5 * * * * *', 'At 5 seconds past the minute'],
    ['0 */2 * * *', 'Every 2 hours'],
    ['30 */2 * * *', 'At 30 minutes past the hour, every 2 hours'],
    ['0 8-17 * * *', 'Every hour, between 08:00 and 17:00'],
    ['30 8-17 * * *', 'At 30 minutes past the hour, between 08:30 and 17:30'],
    ['*/5 8-17 * * MON-FRI', 'Every 5 minutes, between 08:00 and 17:55, Monday through Friday'],
    ['* 8 * * *', 'Every minute, between 08:00 and 08:59'],
    ['0 0 29 2 *', 'At 00:00, on day 29 of the month, only in February'],
    ['0 0 * JAN-MAR *', 'At 00:00, January through March'],
    ['0 0 * * 5-7', 'At 00:00, Friday through Sunday'],
    ['0 0 * * 0,6', 'At 00:00, only on Saturday and Sunday'],
    ['0 0 ? * MON', 'At 00:00, only on Monday'],
  ] as const)('%s', ([cron, expected]) => {
    expect(describeCron(cron)).toBe(expected)
  })

  test.for([
    ['@yearly', 'At 00:00, on day 1 of the month, only in January'],
    ['@Monthly', 'At 00:00, on day 1 of the month'],
    ['@weekly', 'At 00:00, only on Sunday'],
    ['@daily', 'At 00:00'],
    ['@hourly', 'Every hour'],
  ] as const)('the nickname %s', ([cron, expected]) => {
    expect(describeCron(cron)).toBe(expected)
  })

  test.for([
    ['0 0 L * *', 'At 00:00, on the last day of the month'],
    ['0 0 LW * *', 'At 00:00, on the last weekday of the month'],
    ['0 0 15W * *', 'At 00:00, on the weekday nearest day 15 of the month'],
    ['0 0 1W * *', 'At 00:00, on the first weekday of the month'],
    [
      '0 0 10W,20W * *',
      'At 00:00, on the weekday nearest day 10 of the month, or on the weekday nearest day 20 of the month',
    ],
    ['0 0 15,L * *', 'At 00:00, on day 15 of the month, or on the last day of the month'],
    ['0 0 * * 5L', 'At 00:00, on the last Friday of the month'],
    ['0 0 * * FRI#2', 'At 00:00, on the second Friday of the month'],
    ['0 0 * * 5#L', 'At 00:00, on the last Friday of the month'],
    ['0 0 * 2 5#5', 'At 00:00, on the fifth Friday of the month, only in February'],
    ['0 0 * * MON,FRI#2', 'At 00:00, on Monday, or on the second Friday of the month'],
    ['0 0 * * 1-2#1', 'At 00:00, on the first Monday of the month, or on the first Tuesday of the month'],
  ] as const)('the special days of %s', ([cron, expected]) => {
    expect(describeCron(cron)).toBe(expected)
  })
})

describe('describeCron says what is true where the text alone would mislead', () => {
  test.for([
    ['a step that does not divide the hour', '*/45 * * * *', 'At 0 and 45 minutes past the hour'],
    ['a step as long as the hour', '*/60 * * * *', 'Every hour'],
    ['a step that does not divide the day', '0 */5 * * *', 'At 00:00, 05:00, 10:00, 15:00 and 20:00'],
    [
      'a step that does not divide the year',
      '0 0 1 */5 *',
      'At 00:00, on day 1 of the month, only in January, June, and November',
    ],
    ['a step of days begins anew each month', '0 0 */10 * *', 'At 00:00, on day 1, 11, 21, and 31 of the month'],
    ['a long one too', '0 0 */2 * *', 'At 00:00, every 2 days in a month, between day 1 and 31 of the month'],
    ['two lists', '0,30 8,17 * * *', 'At 08:00, 08:30, 17:00 and 17:30'],
    ['hours that are apart', '*/5 8,17 * * *', 'Every 5 minutes, in the hours of 08:00 and 17:00'],
    ['a step within a step', '*/10 */5 * * * *', `Every 10 seconds, at ${FIRST_MINUTES} minutes past the hour`],
    ['one minute of seconds', '* 0 8 * * *', 'Every second, at 0 minutes past the hour, between 08:00 and 08:00:59'],
    ['a step of weekdays', '0 0 * * */3', 'At 00:00, only on Wednesday, Saturday, and Sunday'],
    ['every value, written out', '0-59 0-23 1-31 1-12 0-7', 'Every minute'],
    ['either of two days', '0 0 13 * 5', 'At 00:00, on day 13 of the month, or on Friday'],
    ['both of two days', '0 0 */10 * 1', 'At 00:00, on day 1, 11, 21, and 31 of the month, only if also on Monday'],
    ['either of two days, one of which is every day', '0 0 1-31 * 5', 'At 00:00'],
  ] as const)('%s', ([, cron, expected]) => {
    expect(describeCron(cron)).toBe(expected)
  })

  test('too many phrases, and what is no cron, stay as they are', () => {
    expect(checkCron('0 0 * * 0-6#1,0-6#2')).toBeNull()
    expect(describeCron('0 0 * * 0-6#1,0-6#2')).toBe('Cron `0 0 * * 0-6#1,0-6#2`')
    expect(describeCron('61 * * * *')).toBe('Cron `61 * * * *`')
  })
})
