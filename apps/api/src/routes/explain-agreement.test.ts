import { type RandomJob, randomJobs } from '@scheduler/core/test/random-jobs'
import { spellOut } from '@scheduler/core/test/spell-out'
import { timeline } from '@scheduler/core/timeline'
import { type ExecutionRow, executions } from '@scheduler/db/schema/executions'
import { dispatchAll, insertRandomJobs } from '@scheduler/db/test/random-ledger'
import { expect } from 'vitest'
import { test } from '../../test/api.ts'

const COUNT = 300
const SEED = 20_260_308
const DAY = 86_400_000
/** Occurrences of a job that are asked about, at the most. */
const MOST = 12

/** Random jobs, of which some have lost an occurrence to a gap: of so few there would else be hardly one. */
function sample(now: number): RandomJob[] {
  const drawn = randomJobs(10 * COUNT, { seed: SEED, between: [now - 400 * DAY, now], to: now })
  const gapped = drawn.filter(({ schedule, policies, from, to }) => {
    return timeline(schedule, policies).gapsIn(from, to).length > 0
  })
  return [...new Set([...gapped.slice(0, COUNT / 10), ...drawn])].slice(0, COUNT)
}

/** Every occurrence that a job's rows account for, with its row, in order. */
function occurrencesOf(job: RandomJob, rows: ExecutionRow[]): { at: number; row: ExecutionRow }[] {
  return rows
    .flatMap((row) => {
      const first = row.scheduledFor.getTime()
      if (row.state !== 'skipped' && row.state !== 'expired') return [{ at: first, row }]
      const run = { first, last: (row.scheduledUntil ?? row.scheduledFor).getTime(), count: row.count }
      return spellOut(job, { ...run, reason: row.reason ?? '' }).map((at) => ({ at, row }))
    })
    .sort((a, b) => a.at - b.at)
}

/** Some of a list, the first and the last among them. */
const spread = <T>(items: T[]): T[] =>
  items.length <= MOST
    ? items
    : Array.from({ length: MOST }, (_, i) => items[Math.round((i * (items.length - 1)) / (MOST - 1))] as T)

test(`of ${COUNT} random jobs that were dispatched, explain tells of each occurrence what the ledger has, and of an instant between two that it is none`, {
  timeout: 120_000,
}, async ({ api, db, pool, boss }) => {
  const now = new Date()
  const due = await insertRandomJobs(db, sample(now.getTime()), now.getTime())
  await dispatchAll(pool, boss, now)
  const ledger = Map.groupBy(await db.select().from(executions), ({ jobId }) => jobId)
  const asked: Record<string, number> = {}
  const count = (what: string) => {
    asked[what] = (asked[what] ?? 0) + 1
  }

  for (const job of due) {
    const explain = async (at: number) => {
      const { status, body } = await api.call('GET', `/jobs/${job.id}/explain?at=${new Date(at).toISOString()}`)
      expect(status).toBe(200)
      return body
    }
    const occurrences = occurrencesOf(job, ledger.get(job.id) ?? [])
    const lost = occurrences.filter(({ row }) => row.reason === 'dst_gap')
    for (const { at, row } of new Set([...spread(occurrences), ...lost])) {
      const { outcome, reason, facts } = await explain(at)
      const what = `${JSON.stringify(job)} at ${new Date(at).toISOString()}`
      expect([outcome, reason, facts.execution?.execution_id], what).toEqual([row.state, row.reason, row.id])
      count(row.reason ?? row.state)
    }
    const gaps = occurrences.slice(1).flatMap(({ at }, i) => {
      // Not a whole minute, which would mean whatever occurrence lies in it.
      const middle = Math.floor(((occurrences[i]?.at ?? at) + at) / 2)
      const odd = middle % 60_000 === 0 ? middle + 1 : middle
      return odd < at && odd > (occurrences[i]?.at ?? at) ? [odd] : []
    })
    for (const at of spread(gaps).slice(0, 4)) {
      const { outcome } = await explain(at)
      expect(outcome, `${JSON.stringify(job)} at ${new Date(at).toISOString()}`).toBe('not_an_occurrence')
      count('not_an_occurrence')
    }
  }
  console.log(`asked about ${due.length} jobs: ${JSON.stringify(asked)}`)
  for (const it of ['queued', 'missed_grace', 'coalesced', 'blackout', 'dst_gap', 'not_an_occurrence']) {
    expect(asked[it] ?? 0, it).toBeGreaterThan(5)
  }
})
