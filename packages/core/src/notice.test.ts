import { expect, test } from 'vitest'
import type { Notify } from './delivery.ts'
import { bodyOf, type Recipient, recipientsOf } from './notice.ts'

const url = 'https://job.test/hook'
const instanceUrl = 'https://instance.test/hook'
const job = { url, toInstance: false }
const instance = { url: instanceUrl, toInstance: true }

const cases: [string, Notify | null, string | null, Recipient[]][] = [
  ['nobody', null, null, []],
  ['the job’s URL', { url }, null, [job]],
  ['the instance’s', null, instanceUrl, [instance]],
  ['both', { url }, instanceUrl, [instance, job]],
  ['the instance’s alone, where they are one', { url: instanceUrl }, instanceUrl, [instance]],
  ['the job’s when it asks for that', { url, events: ['job.failing'] }, null, [job]],
  ['not the job’s when it asks for others', { url, events: ['job.paused'] }, instanceUrl, [instance]],
  ['not the job’s when it asks for none', { url, events: [] }, null, []],
]

test.for(cases)('%s', ([, notify, all, expected]) => {
  expect(recipientsOf('job.failing', notify, all)).toEqual(expected)
})

test('a body is type, timestamp and data', () => {
  const at = new Date(Date.UTC(2026, 10, 24))
  expect(JSON.parse(bodyOf({ type: 'job.paused', at, jobId: 'j', data: { job_id: 'j' } }))).toEqual({
    type: 'job.paused',
    timestamp: '2026-11-24T00:00:00.000Z',
    data: { job_id: 'j' },
  })
})
