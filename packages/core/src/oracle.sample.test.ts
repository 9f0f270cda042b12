import { expect, test } from 'vitest'
import { runZone, type ZoneRun } from '../oracle/zone-run.ts'

const DAY = 86_400_000
/** Half an hour, a whole day, at midnight, in Ramadan, over the date of a Sunday, two hours: each its own kind of night. */
const always: ZoneRun[] = [
  { zone: 'America/New_York', fromYear: 2025, toYear: 2027 },
  { zone: 'Australia/Lord_Howe', fromYear: 2025, toYear: 2027 },
  { zone: 'Africa/Cairo', fromYear: 2023, toYear: 2025 },
  { zone: 'Pacific/Apia', fromYear: 2011, toYear: 2013 },
  { zone: 'Africa/Casablanca', fromYear: 2024, toYear: 2026 },
  { zone: 'Pacific/Chatham', fromYear: 2025, toYear: 2027 },
  { zone: 'Asia/Gaza', fromYear: 2023, toYear: 2025 },
  { zone: 'America/Nuuk', fromYear: 2023, toYear: 2025 },
  { zone: 'Antarctica/Troll', fromYear: 2025, toYear: 2027 },
  { zone: 'America/Sao_Paulo', fromYear: 2018, toYear: 2020 },
]
const OTHERS = 24

test('the occurrences of a sample of zones are those of an independent oracle', { timeout: 120_000 }, () => {
  // Other zones each day, so that the builds of some weeks go through all of them; a difference names what repeats it.
  const seed = Number(process.env.ORACLE_SEED ?? Math.floor(Date.now() / DAY))
  const total = { rules: 0, cases: 0, occurrences: 0, differences: [] as string[] }
  const runs = [...always, ...rotating(seed)].map((run) => ({ ...run, nightsOnly: true }))
  for (const run of runs) {
    const { rules, cases, occurrences, differences } = runZone(run)
    total.rules += rules
    total.cases += cases
    total.occurrences += occurrences
    total.differences.push(...differences)
  }
  console.log(
    `oracle sample, seed ${seed}: ${runs.length} zones, ${total.rules} rules, ${total.cases} with their policies, ` +
      `${total.occurrences} occurrences compared, ${total.differences.length} differences (pnpm oracle compares all)`,
  )
  expect(total.differences.slice(0, 20)).toEqual([])
  expect(total.cases).toBeGreaterThan(6_000)
  expect(total.occurrences).toBeGreaterThan(2_000_000)
})

/** The zones of a seed, in two years that the seed decides too. */
function rotating(seed: number): ZoneRun[] {
  const zones = Intl.supportedValuesOf('timeZone')
  const fromYear = 2020 + (seed % 9)
  return Array.from({ length: OTHERS }, (_, index) => {
    const zone = zones[(seed * OTHERS + index) % zones.length] as string
    return { zone, fromYear, toYear: fromYear + 2 }
  })
}
