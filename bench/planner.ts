// What one occurrence costs: nextOccurrence and plan in one process, no database. Prints µs, and FAIL where a bound is broken.
import { nextOccurrence, plan } from '@scheduler/core/planner'
import type { Every, Policies, Schedule } from '@scheduler/core/schedule'
import { formatInZone } from '@scheduler/core/timezone'
import { comparePlanners } from './planner-rivals.ts'
import { percentile, verdict } from './rig.ts'

const DAY = 86_400_000
const YEAR = 365 * DAY
const START = Date.UTC(2026, 0, 1, 1)
const ROUNDS = 2_000
const FIRSTS = 20
const zones = ['Europe/Rome', 'America/New_York']

type Make = (zone: string, variant: number) => Schedule

/** Another variant of the same rule is one that was never compiled. */
const cron = (text: string): Make => {
  return (_zone, variant) => ({ type: 'cron', cron: text.replace(' ', ' '.repeat(variant + 1)) })
}
const interval = (every: Every): Make => {
  return (zone, variant) => ({ type: 'interval', every, anchor: anchor(zone, variant), anchorGiven: true })
}
const rrule = (text: string): Make => {
  return (zone, variant) => ({
    type: 'rrule',
    rrule: `RRULE:${text}`,
    anchor: anchor(zone, variant),
    anchorGiven: true,
  })
}
const anchor = (zone: string, variant: number) => formatInZone(START - variant * 1_000, zone)

const rrules = [
  'FREQ=DAILY',
  'FREQ=WEEKLY;BYDAY=MO,WE,FR',
  'FREQ=MONTHLY;BYDAY=-1FR',
  'FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
  'FREQ=HOURLY;BYMINUTE=0,30',
]
const usual: [name: string, make: Make, bound: number][] = [
  ['every 30 s', interval({ seconds: 30 }), 20],
  ['every day', interval({ days: 1 }), 20],
  ['every month', interval({ months: 1 }), 20],
  ...['*/5 * * * *', '0 9 * * MON-FRI', '30 2 * * *', '0 0 1 * *', '0 17 * * 5L'].map(
    (text): (typeof usual)[number] => [text, cron(text), 100],
  ),
  ...[...rrules, ...rrules.map((text) => `${text};COUNT=1000`)].map((text): (typeof usual)[number] => [
    text,
    rrule(text),
    100,
  ]),
]
const rare: [name: string, make: Make][] = [
  ['0 0 29 2 *', cron('0 0 29 2 *')],
  ['0 0 * 2 5#5', cron('0 0 * 2 5#5')],
  ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU', rrule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU')],
  ...rrules.map((text): (typeof rare)[number] => [`${text};COUNT=10000`, rrule(`${text};COUNT=10000`)]),
]

const policiesOf = (zone: string): Policies => ({
  zone,
  seed: '0199b1f4-7a31-7c52-9d0e-3f6f2a1b8c4d',
  jitterSeconds: 0,
  misfire: { policy: 'last', graceSeconds: 900, max: 1_000 },
  overlap: 'skip',
  dst: { gap: 'shift', fold: 'first' },
  maxRuns: null,
  blackouts: [],
})

/** µs of each call. */
function timed(rounds: number, call: (round: number) => unknown): number[] {
  return Array.from({ length: rounds }, (_, round) => {
    const since = performance.now()
    call(round)
    return (performance.now() - since) * 1_000
  })
}

const show = (values: number[]) =>
  `${percentile(values, 50).toFixed(1).padStart(9)} ${percentile(values, 99).toFixed(1).padStart(9)}`

export async function planner(): Promise<void> {
  const result = verdict()
  for (const [index, zone] of zones.entries()) {
    const fresh = (round: number) => 1 + index * FIRSTS + round
    const policies = policiesOf(zone)
    // Its zone's table is made once a process.
    nextOccurrence({ type: 'cron', cron: '0 0 * * *' }, policies, START)
    console.log(`\n${zone}, µs: median and p99 of`)
    console.log(
      `${''.padEnd(46)}${['next', 'after a year', 'first use', 'plan of a year'].map((it) => it.padStart(20)).join('')}`,
    )
    for (const [name, make, bound] of usual) {
      const schedule = make(zone, 0)
      let at = START
      const walk = () => {
        const next = nextOccurrence(schedule, policies, at)?.nominal ?? Infinity
        // Beyond, years that no job of today comes to would be added to the zone's table.
        at = next < START + 10 * YEAR ? next : START
      }
      timed(ROUNDS / 4, walk)
      const warm = timed(ROUNDS, walk)
      // Each a year and some hours on from the one before, within ten years.
      const jump = (round: number) => START + ((round * (YEAR + 5 * 3_600_000)) % (10 * YEAR))
      const gap = timed(ROUNDS, (round) => nextOccurrence(schedule, policies, jump(round)))
      const cold = timed(FIRSTS, (round) => nextOccurrence(make(zone, fresh(round)), policies, START))
      const slept = timed(ROUNDS / 4, (round) => plan(schedule, policies, START + round, START + round + YEAR))
      console.log(`${name.padEnd(46)}${[warm, gap, cold, slept].map((it) => show(it).padStart(20)).join('')}`)
      for (const [what, values] of [
        ['next', warm],
        ['after a year', gap],
      ] as const) {
        if (percentile(values, 50) > bound) result.check(`${name}, ${what}: at most ${bound} µs in the median`, false)
      }
    }
    console.log('first use and next, ms, the longest of twenty')
    for (const [name, make] of rare) {
      const longest =
        Math.max(...timed(FIRSTS, (round) => nextOccurrence(make(zone, fresh(round)), policies, START))) / 1_000
      result.check(name, longest <= 100, longest.toFixed(2))
    }
    const everySecond: Schedule = { type: 'cron', cron: '* * * * * *' }
    const since = performance.now()
    const { send, unsent } = plan(everySecond, policies, START, START + YEAR)
    const rows = `${send.length} sent, rows of unsent ones: ${unsent.map((it) => `${it.reason} ${it.count}`).join(', ')}`
    console.log(`every second, asleep for a year: one plan, ${(performance.now() - since).toFixed(2)} ms, ${rows}`)
  }
  console.log(`\nothers, in ${zones[0]}, µs: median and p99`)
  for (const [name, rounds, call] of comparePlanners(zones[0] ?? 'UTC', START)) {
    timed(rounds / 5, call)
    console.log(`${name.padEnd(54)}${show(timed(rounds, call)).padStart(20)}`)
  }
  result.end()
}
