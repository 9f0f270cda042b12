import { NewSchedule } from '../src/job.ts'
import { checkDst, readNewSchedule } from '../src/read-new-schedule.ts'
import { disjoint } from '../src/recurrence.ts'
import {
  type Blackout,
  defaultDst,
  foldPolicies,
  gapPolicies,
  misfirePolicies,
  overlapPolicies,
  type Policies,
  type Schedule,
} from '../src/schedule.ts'
import { type Timeline, timeline } from '../src/timeline.ts'
import { formatInZone } from '../src/timezone.ts'
import { type Dice, dice } from './dice.ts'
import { randomFields, randomPlace } from './random-schedules.ts'

const DAY = 86_400_000

/** A job that a create would accept, and a stretch of its time. */
export interface RandomJob {
  id: string
  timezone: string
  schedule: Schedule
  policies: Policies
  /** The policies as `jobs.policies` holds them. */
  stored: StoredPolicies
  /** Exclusive; what a cursor may be. */
  from: number
  /** Inclusive. */
  to: number
}

type StoredPolicies = Pick<Policies, 'jitterSeconds' | 'misfire' | 'overlap' | 'dst'> & {
  maxRuns?: number
  blackouts?: { from: string; to: string }[]
}

export interface RandomJobs {
  seed: number
  /** Around when; ms since 1970. */
  between: [number, number]
  /** Where all stretches end; without it, near each job's place. */
  to?: number
}

/**
 * So many random jobs, of every type, in many zones, most of them on nights of a change of clock, with policies of every
 * kind. A stretch holds up to some sixty occurrences, of a tenth of the jobs up to 300; few hold none.
 *
 * The same for the same arguments.
 */
export function randomJobs(count: number, { seed, between, to }: RandomJobs): RandomJob[] {
  const dies = dice(seed)
  const jobs: RandomJob[] = []
  while (jobs.length < count) {
    const job = randomJob(dies, between, to)
    if (job) jobs.push(job)
  }
  return jobs
}

/** Null where the fields that were drawn make no schedule. */
function randomJob(dice: Dice, between: [number, number], end: number | undefined): RandomJob | null {
  const place = randomPlace(dice, ...between)
  const { zone } = place
  const id = dice.uuid()
  const drawn = { gap: dice.pick([...gapPolicies, 'skip'] as const), fold: dice.pick(foldPolicies) }
  const read = NewSchedule.safeParse({ ...randomFields(dice, place), timezone: zone, dst: drawn })
  if (!read.success) return null
  const made = readNewSchedule(read.data, zone, place.at - dice.int(0, 100 * DAY))
  if ('errors' in made) return null
  const { schedule } = made
  const dst = checkDst(schedule, drawn).length > 0 ? defaultDst : drawn
  const plain: Policies = {
    zone,
    seed: id,
    dst,
    jitterSeconds: dice.chance(0.5) ? 0 : dice.pick([1, 60, 3_600, 86_400]),
    misfire: {
      policy: dice.pick(misfirePolicies),
      graceSeconds: dice.pick([0, 1, 60, 900, 86_400, 604_800, 31_536_000]),
      max: dice.int(1, 5),
    },
    overlap: dice.pick(overlapPolicies),
    maxRuns: dice.chance(0.7) ? null : dice.int(1, 20),
    blackouts: [],
  }
  const [from, to] = stretch(dice, timeline(schedule, plain), place.at, end)
  const blackouts = dice.chance(0.6) ? [] : randomBlackouts(dice, timeline(schedule, plain), from, to)
  const policies = { ...plain, blackouts: disjoint(blackouts) }
  return { id, timezone: zone, schedule, policies, stored: storedOf(policies), from, to }
}

/** From up to so many occurrences before a place to some after it; or up to `end`. */
function stretch(dice: Dice, line: Timeline, at: number, end: number | undefined): [number, number] {
  const most = dice.chance(0.1) ? 150 : 30
  let to = end ?? at
  for (let steps = end === undefined ? dice.int(1, most) : 0; steps > 0; steps -= 1) {
    const next = line.after(to)
    if (next === null || next > at + 800 * DAY) break
    to = next + dice.pick([0, 0, 500, 1_000])
  }
  // Not from the place, where a dense rule has come too far since.
  let from = end !== undefined && line.countIn(at, end) > 4 * most ? end : Math.min(at, to)
  for (let steps = dice.int(1, end === undefined ? most : 2 * most); steps > 0; steps -= 1) {
    const last = line.atOrBefore(from)
    if (last === null || last < to - 800 * DAY) break
    from = last - 1
  }
  return [from, Math.max(to, from + 1)]
}

/** Up to three, their edges often on an occurrence. */
function randomBlackouts(dice: Dice, line: Timeline, from: number, to: number): Blackout[] {
  const edge = (): number => {
    const at = dice.int(from - 1_000, to + 1_000)
    return dice.chance(0.6) ? (line.after(at) ?? at) + dice.pick([0, 0, 1, -1]) : at
  }
  return Array.from({ length: dice.int(1, 3) }, () => {
    const [a, b] = [edge(), edge()]
    return { from: Math.min(a, b), to: Math.max(a, b) + 1 }
  })
}

function storedOf({ zone, jitterSeconds, misfire, overlap, dst, maxRuns, blackouts }: Policies): StoredPolicies {
  const text = (instant: number) => formatInZone(instant, zone)
  return {
    ...{ jitterSeconds, misfire, overlap, dst },
    ...(maxRuns !== null && { maxRuns }),
    ...(blackouts.length > 0 && { blackouts: blackouts.map((it) => ({ from: text(it.from), to: text(it.to) })) }),
  }
}
