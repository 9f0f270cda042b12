// What the name of a field says of its values and no schema does: times, zones, rules, addresses, ids that exist.
import type { Dice } from '@scheduler/core/test/dice'
import { randomFields, randomPlace } from '@scheduler/core/test/random-schedules'
import { type Maker, SECRET_MARK } from './maker.ts'

const MINUTE = 60_000
const DAY = 86_400_000

const TAGS = ['reports', 'ops', 'night', 'tag-4', 'Ωmega']
const FLOW_KEYS = ['tenant-1', 'tenant-2', 'a/b', 'schlüssel']
const ZONES = [
  'UTC',
  'Z',
  'GMT+7',
  '+05:30',
  'UTC-03:30',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Jakarta',
  'Pacific/Chatham',
  'Australia/Lord_Howe',
  'europe/rome',
]

/** Paths of receivers: most succeed at once. */
const RECEIVERS = [
  '/ok',
  '/ok',
  '/ok?delay=50',
  '/late?delay=1500',
  '/gone?status=410',
  '/bad?status=500',
  '/busy?fails=1&how=503-seconds',
  '/later?status=202',
  '/reset?fails=2&how=reset',
]

/** A value for a field of this name; undefined where its schema says all. `…[]` is an item of a list. */
export function fieldValue(name: string, maker: Maker): unknown {
  const { dice, memory } = maker
  switch (name) {
    case 'schedule_time':
    case 'end_date':
      return instant(maker, dice.int(2, 400 * 24 * 60))
    case 'start_date':
      return instant(maker, dice.int(-400 * 24 * 60, 400 * 24 * 60))
    case 'until':
    case 'to':
      return instant(maker, dice.int(1, 30 * 24 * 60))
    case 'from':
    case 'at':
      return instant(maker, -dice.int(1, 30 * 24 * 60))
    case 'timezone':
    case 'convert_to':
      return dice.pick(ZONES)
    case 'callback_url':
    case 'url':
      return dice.pick(maker.origins) + dice.pick(RECEIVERS)
    case 'destination':
      return dice.pick(maker.origins)
    case 'callback_host':
      return dice.pick(['127.0.0.1', 'localhost', 'example.com'])
    case 'cron':
    case 'rrule':
      return rule(name, dice, maker.at)
    case 'success[]':
      return dice.pick(['2xx', '200', '202', '200-299', '404', '3xx'])
    case 'headers':
      return dice.some(HEADERS, 3).reduce((all, [key, value]) => Object.assign(all, { [key]: value }), {})
    case 'signing_secrets[]':
      return `whsec_${Buffer.from(`${SECRET_MARK}-of-signing-${dice.int(1, 9)}`.padEnd(32, '.')).toString('base64')}`
    case 'tag':
    case 'tags[]':
      return dice.pick(TAGS)
    case 'external_id':
      return `external-${dice.int(1, 40)}`
    case 'flow_key':
    case 'key':
      return dice.pick(FLOW_KEYS)
    case 'job_id':
    case 'ids[]':
      return memory.recall('job', dice)
    case 'execution_ids[]':
      return memory.recall('dead', dice)
    case 'Idempotency-Key':
      return `key-${dice.int(1, 1_000_000)}`
    case 'delay_ms':
      return dice.int(0, 50)
    default:
      return undefined
  }
}

const HEADERS: [string, unknown][] = [
  ['x-tenant', 'acme'],
  ['Authorization', { secret: `Bearer ${SECRET_MARK}` }],
  ['x-api-key', `${SECRET_MARK}-plain`],
  ['content-type', 'text/plain'],
  ['x-empty', ''],
]

/** A time so many minutes from the world's, in one of the ways in which it may be written. */
function instant({ at, dice }: Maker, minutes: number): string {
  const text = new Date(at + minutes * MINUTE).toISOString()
  const [date = '', second = text, offset] = [
    text.slice(0, 10),
    text.slice(0, 19),
    dice.pick(['Z', '+00:00', '+02:00', '-09:30']),
  ]
  return dice.pick([text, second, second + offset, `${second}.5${offset}`, date])
}

/** Both dates around the world's time; many lie where clocks change. */
function rule(type: 'cron' | 'rrule', dice: Dice, at: number): string {
  for (let tries = 0; tries < 50; tries += 1) {
    const fields = randomFields(dice, randomPlace(dice, at, at + 700 * DAY))
    if (fields.type === type) return String(fields[type])
  }
  return type === 'cron' ? '0 9 * * *' : 'FREQ=DAILY'
}
