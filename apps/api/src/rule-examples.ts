import { dailyJob } from './examples.ts'

/** Examples of jobs by cron and by rrule. */

export const cronBody = {
  cron: '0 9 * * MON-FRI',
  timezone: 'Europe/Rome',
  callback_url: 'http://example.com/workday',
  payload: { type: 'workday_job' },
  dst: { gap: 'next_valid' },
}

export const cronJob = {
  ...dailyJob,
  type: 'cron',
  schedule_time: '2026-11-24T09:00:00+01:00',
  effective_at: '2026-11-24T09:00:00+01:00',
  callback_url: 'http://example.com/workday',
  payload: { type: 'workday_job' },
  timezone: 'Europe/Rome',
  schedule: { cron: '0 9 * * MON-FRI', start_date: null, end_date: null },
  dst: { gap: 'next_valid', fold: 'first' },
  created_at: '2026-11-23T12:24:56.123+01:00',
  updated_at: '2026-11-23T12:24:56.123+01:00',
}

export const rruleBody = {
  rrule: 'DTSTART:20260130T170000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR\nEXDATE:20261225T170000',
  timezone: 'America/New_York',
  callback_url: 'http://example.com/last-friday',
  payload: { type: 'last_friday' },
  overlap: 'queue_one',
}

export const rruleJob = {
  ...dailyJob,
  type: 'rrule',
  schedule_time: '2026-11-27T17:00:00-05:00',
  effective_at: '2026-11-27T17:00:00-05:00',
  callback_url: 'http://example.com/last-friday',
  payload: { type: 'last_friday' },
  timezone: 'America/New_York',
  schedule: {
    rrule: 'DTSTART:20260130T170000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR\nEXDATE:20261225T170000',
    start_date: null,
    end_date: null,
  },
  overlap: 'queue_one',
  created_at: '2026-11-23T06:24:56.123-05:00',
  updated_at: '2026-11-23T06:24:56.123-05:00',
}
