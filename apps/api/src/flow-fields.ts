import { parseCallbackUrl } from '@scheduler/core/callback-url'
import { FlowKey } from '@scheduler/core/delivery-fields'
import { invalid } from '@scheduler/core/problem'
import type { Flow, FlowSettings } from '@scheduler/db/queries/flow-limits'
import { z } from 'zod'
import { parkedIsLowerBound } from './answers.ts'
import { check } from './check.ts'

/** What limits a flow, as clients write it and as they are told. */

const rate = z
  .strictObject({
    count: z.int().min(1).max(100_000).meta({ description: 'At most so many attempts begin …', example: 10 }),
    per_seconds: z.number().min(0.1).max(604_800).meta({ description: '… in so many seconds.', example: 1 }),
  })
  .meta({ id: 'Rate' })
const concurrency = z.int().min(1).max(10_000)

export const FlowBody = z
  .strictObject({
    rate: rate.nullish().meta({ description: 'Spread evenly. Null, or left out: any.' }),
    concurrency: concurrency.nullish().meta({ description: 'Attempts in flight at the most. Null, or left out: any.' }),
    paused: z.boolean().default(false).meta({ description: 'Whether nothing more begins for now.' }),
  })
  .meta({ id: 'FlowLimit' })

const answered = {
  rate: rate.nullable(),
  concurrency: concurrency.nullable(),
  paused: z.boolean(),
  parked: z.int().meta({ description: 'Executions held back, as far as they are counted.' }),
  parked_is_lower_bound: parkedIsLowerBound,
  in_flight: z
    .int()
    .nullable()
    .meta({ description: 'Executions let through that have not ended; null where nothing is limited.' }),
}

export const DestinationAnswer = z.strictObject({ destination: z.string(), ...answered }).meta({ id: 'Destination' })
export const FlowKeyAnswer = z.strictObject({ flow_key: z.string(), ...answered }).meta({ id: 'FlowKey' })

export function settingsOf(body: z.infer<typeof FlowBody>): FlowSettings {
  const { rate, concurrency, paused } = body
  return {
    rate: rate ? { count: rate.count, perSeconds: rate.per_seconds } : null,
    concurrency: concurrency ?? null,
    paused,
  }
}

export function toFlow({ rate, concurrency, paused, parked, parkedIsLowerBound, inFlight }: Flow) {
  const shown = rate && { count: rate.count, per_seconds: rate.perSeconds }
  return { rate: shown, concurrency, paused, parked, parked_is_lower_bound: parkedIsLowerBound, in_flight: inFlight }
}

/** The origin in a path. @throws Problem `validation-failed` for what is more than an origin, or none. */
export function destinationIn({ destination = '' }: Record<string, string>): string {
  const parsed = parseCallbackUrl(destination)
  const origin = 'url' in parsed ? parsed.url.origin : ''
  if ('url' in parsed && (parsed.url.href === `${origin}/` || parsed.url.href === origin)) return origin
  const message = 'must be an origin such as https://example.com, percent-encoded, without path, query or user'
  throw invalid([{ path: 'destination', message }])
}

/** The flow key in a path. @throws Problem `validation-failed` for what no job can have. */
export function flowKeyIn({ key = '' }: Record<string, string>): string {
  return check(z.object({ key: FlowKey }), { key }, 'parameter').key
}
