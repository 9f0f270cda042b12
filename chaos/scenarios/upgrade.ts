// From the release before to this version while both run: migrate, replace the workers, replace the API, as docs/operations.md says.
import { applyMigrations } from '@scheduler/db/migrate'
import { startApi, startProcess, type Worker } from '../../bench/processes.ts'
import { liveWorkers } from '../../bench/rig.ts'
import { until, wait } from '../../bench/until.ts'
import { startCreating } from '../faults/creating.ts'
import { watchLocks } from '../faults/lock-waits.ts'
import { checkOutRelease, type Release } from '../faults/release.ts'
import { ask, unfinished, waiting } from '../faults/service.ts'
import type { Api, Rig, Scenario } from '../scenario.ts'
import { judgeUpgrade } from './upgrade-judge.ts'

let release: Release | undefined

export const upgrade: Scenario = {
  name: 'upgrade',
  what: 'The release before runs under load; its schema is migrated, its workers are replaced by new ones, then its API.',

  async unable() {
    try {
      release = await checkOutRelease()
      return null
    } catch (error) {
      return (error as Error).message
    }
  },

  async run(rig) {
    release ??= await checkOutRelease()
    const old: Worker[] = []
    try {
      await rig.pool.query('drop schema public, pgboss, drizzle cascade; create schema public')
      await release.migrate(rig.url)
      await goThrough(rig, release, old)
    } finally {
      await Promise.all(old.map((it) => it.end('SIGKILL')))
      release.remove()
      release = undefined
    }
  },
}

async function goThrough(rig: Rig, release: Release, old: Worker[]): Promise<void> {
  const pauseMs = rig.short ? 2_000 : 10_000
  const oldApi = await startApi(rig.url, {}, release.api)
  old.push(oldApi)
  const oldWorkers = await startOld(rig, release, old, 2)
  const creating = await startCreating(oldApi.origin, rig.receiver.origin, rig.short ? 20 : 100)
  await wait(pauseMs)

  const locks = watchLocks(rig.url)
  const migration = await timed(() => applyMigrations(rig.url))
  await wait(pauseMs)
  const waitedMs = await locks.stop()
  rig.check('the longest that a statement waited for a lock meanwhile', waitedMs <= 1_000, `${waitedMs.toFixed(0)} ms`)
  await startAgain(rig, release, old)

  await rig.startWorkers(2)
  await wait(pauseMs)
  const exits = await Promise.all(oldWorkers.map((it) => it.end('SIGTERM')))
  rig.check(
    'old workers that did not end with 0',
    exits.every((it) => it === 0),
    exits.join(' '),
  )
  const api: Api = await rig.startApi()
  await creating.lead(api.origin)
  const apiExit = await oldApi.end('SIGTERM')
  rig.check('the old API ended with 0', apiExit === 0, String(apiExit))
  await wait(pauseMs)

  const asked = await creating.stop()
  const deletedAt = Date.now()
  await Promise.all(asked.repeating.map(({ id }) => ask(api.origin, 'DELETE', `jobs/${id}`)))
  const left = async () => (await waiting(rig.pool)) + (await unfinished(rig.pool))
  await until(async () => (await left()) === 0, 60_000, 'all that is due to be finished')
  await judgeUpgrade(rig, { ...asked, deletedAt }, migration)
}

async function startOld(rig: Rig, release: Release, old: Worker[], count: number): Promise<Worker[]> {
  const before = await liveWorkers(rig.pool)
  const started = Array.from({ length: count }, () => startProcess(release.worker, rig.url))
  old.push(...started)
  await until(
    async () => (await liveWorkers(rig.pool)) >= before + count,
    30_000,
    'workers of the release before to start',
  )
  return started
}

/** An old process that dies after the migration is started again by whatever looks after it. */
async function startAgain(rig: Rig, release: Release, old: Worker[]): Promise<void> {
  const starts = async (start: () => Promise<Worker[]>) => {
    try {
      for (const it of await start()) await it.end('SIGTERM')
      return true
    } catch {
      return false
    }
  }
  rig.check('an old worker starts again after the migration', await starts(() => startOld(rig, release, old, 1)))
  rig.check(
    'an old API starts again after the migration',
    await starts(async () => [await startApi(rig.url, {}, release.api)]),
  )
}

export interface Span {
  from: number
  to: number
}

async function timed(work: () => Promise<void>): Promise<Span> {
  const from = Date.now()
  await work()
  return { from, to: Date.now() }
}
