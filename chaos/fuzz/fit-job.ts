// Makes the fields of a job go together, which no schema of single fields can say; and keeps what it sends within bounds.
import type { Schema } from './document.ts'
import { fieldValue } from './fields.ts'
import type { Maker } from './maker.ts'

const UNITS = ['years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds']
const TIMES = ['schedule_time', 'cron', 'rrule', ...UNITS]

/** What has one of these has a schedule: others have days, too. */
const DEFINING = ['schedule_time', 'cron', 'rrule', 'weeks']

/** Occurrences of a job that is due within minutes, at the most. */
const MOST_RUNS = 5

type Fields = Record<string, unknown>

/** The fields of a job with a schedule of one type and a body of one kind; any other object as it is. */
export function fitJob(value: Fields, { properties = {} }: Schema, maker: Maker): Fields {
  if (DEFINING.some((it) => it in properties)) fitSchedule(value, properties, maker)
  if ('callback_url' in properties) fitRequest(value, properties, maker)
  const { from, to } = value
  if (typeof from === 'string' && typeof to === 'string' && from > to) Object.assign(value, { from: to, to: from })
  return value
}

function fitSchedule(value: Fields, properties: Record<string, Schema>, maker: Maker): void {
  const { dice } = maker
  for (const it of TIMES) delete value[it]
  const [type] = properties.type?.enum ?? []
  const types = ['schedule_time', 'cron', 'rrule', 'days'].filter((it) => it in properties)
  const rule = type === 'once' ? 'schedule_time' : type === 'interval' ? 'days' : String(type ?? dice.pick(types))
  // Of a change it may be left as it is.
  if (types.length > 1 && dice.chance(0.75)) return
  if (rule === 'days') Object.assign(value, interval(maker))
  else value[rule] = fieldValue(rule, maker)
  if (rule === 'schedule_time') for (const it of ['start_date', 'end_date', 'max_runs']) delete value[it]
  if (typeof value.start_date === 'string' && typeof value.end_date === 'string') delete value.end_date
  // How wall times are placed is refused for what has none.
  if (rule === 'schedule_time' || dice.chance(0.5)) delete value.dst
  if ('max_runs' in properties && rule !== 'schedule_time') {
    if (isDense(value) || dice.chance(0.5)) value.max_runs = dice.int(1, MOST_RUNS)
  }
}

function interval({ dice }: Maker): Fields {
  if (dice.chance(0.25)) return { seconds: dice.int(1, 20) }
  const unit = dice.pick(UNITS.slice(0, 6))
  return { [unit]: dice.int(1, 4), ...(dice.chance(0.2) && { hours: dice.int(1, 30) }) }
}

/** Whether it is due again within minutes. */
const isDense = ({ seconds, minutes, cron, rrule }: Fields): boolean =>
  seconds !== undefined ||
  minutes !== undefined ||
  /^\S*\*|,/.test(String(cron ?? '')) ||
  /MINUTELY|SECONDLY/.test(String(rrule))

function fitRequest(value: Fields, properties: Record<string, Schema>, { dice }: Maker): void {
  if (value.payload && value.body) delete value.body
  if (['GET', 'HEAD'].includes(String(value.method))) {
    delete value.payload
    delete value.body
  }
  const { retry } = value
  if (retry && typeof retry === 'object') Reflect.deleteProperty(retry, 'max_backoff_seconds')
  // So that there are dead letters, and work that is acknowledged.
  if ('retry' in properties && dice.chance(0.4)) value.retry = { limit: 0 }
  if (/status=202/.test(String(value.callback_url)) && 'async' in properties) value.async = { timeout_seconds: 600 }
}
