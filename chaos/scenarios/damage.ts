import { reconcile } from '@scheduler/db/queries/reconcile'
import { startQueue } from '@scheduler/db/queue'
import { until, wait } from '../../bench/until.ts'
import { type Damaged, damageItems } from '../faults/items.ts'
import type { Rig, Scenario } from '../scenario.ts'
import { brokenOf, examineDatabase, sayBroken } from '../soundness.ts'

const SHARE = 0.05
const EVERY_MS = 250
/** The leader looks every 30 seconds. */
const REPAIRED_MS = 60_000

export const damage: Scenario = {
  name: 'damage',
  what: 'Items are deleted from the queue and set failed by SQL, a twentieth each, four times a second under load.',
  async run(rig) {
    await rig.startApi()
    // So few places that some items wait in the queue.
    await rig.startWorkers(4, { WORKER_CONCURRENCY: '20' })
    const intervals = rig.short ? 100 : 160
    rig.startLoad({
      intervals,
      everyMs: 2_000,
      oncePerSecond: 5,
      changesPerSecond: 0,
      delayMs: rig.short ? 450 : 300,
    })
    await wait(5_000)
    await expectNothingToRepair(rig, 'without damage')
    await expectSound(rig)

    const damaged: Damaged[] = []
    await rig.fault({ kind: 'items damaged', pids: null, mayRepeat: true }, async (fault) => {
      for (let n = rig.short ? 20 : 120; n > 0; n -= 1) {
        const next = wait(EVERY_MS)
        damaged.push(...(await damageItems(rig, 'deleted', SHARE)), ...(await damageItems(rig, 'failed', SHARE)))
        await next
      }
      fault.inFlight = damaged.filter(({ state }) => state === 'running').length
      const found = brokenOf(await examineDatabase(rig.url)).map(({ invariant }) => invariant.name)
      rig.check('the doctor finds the damage', found.includes('unfinished on its way'), found.join(', '))
      await untilRepaired(rig)
    })
    await judgeRepairs(rig, damaged)
    await expectNothingToRepair(rig, 'after the repair')
    await rig.quiet()
    // What waits for a place, since there are so few, is no loss.
    await rig.judge({ recoveryMs: REPAIRED_MS, lateMs: 10_000 })
  },
}

/** Reconciles as fast as it can for some time: whatever it repaired would have been taken for damaged without being so. */
async function expectNothingToRepair(rig: Rig, when: string): Promise<void> {
  const boss = await startQueue(rig.pool)
  const until = performance.now() + (rig.short ? 2_000 : 10_000)
  let [passes, repaired] = [0, 0]
  for (; performance.now() < until; passes += 1) {
    const { requeued, crashed } = await reconcile(rig.pool, boss)
    repaired += requeued + crashed
  }
  await boss.stop({ graceful: false, close: false })
  rig.check(`the reconciler repairs nothing ${when}`, repaired === 0, `${repaired} in ${passes} passes`)
}

async function expectSound(rig: Rig): Promise<void> {
  const broken = brokenOf(await examineDatabase(rig.url))
  rig.check('all invariants hold before the damage', broken.length === 0, broken.length)
  for (const it of broken) rig.say(sayBroken(it))
}

async function untilRepaired(rig: Rig): Promise<void> {
  const since = performance.now()
  const isRepaired = async () =>
    (await examineDatabase(rig.url)).every((it) => it.invariant.name !== 'unfinished on its way' || it.status === 'ok')
  await until(isRepaired, 2 * REPAIRED_MS, 'the damage to be repaired')
  const ms = performance.now() - since
  rig.check('all is repaired within a minute', ms <= REPAIRED_MS, `${(ms / 1_000).toFixed(1)} s`)
}

/** What waited in the queue has another item; what was in flight was seen to by its worker; none was given up. */
async function judgeRepairs(rig: Rig, damaged: Damaged[]): Promise<void> {
  const queued = damaged.filter(({ state }) => state === 'queued')
  const { rows } = await rig.pool.query<{ id: string; item_id: string; reason: string | null }>(
    'select id, item_id, reason::text from executions where id = any($1)',
    [damaged.map(({ execution }) => execution)],
  )
  const now = new Map(rows.map((row) => [row.id, row]))
  const requeued = queued.filter(({ execution, item }) => now.get(execution)?.item_id !== item)
  const givenUp = rows.filter(({ reason }) => reason === 'worker_crashed')
  rig.note(
    'items damaged, of executions that were queued, running',
    `${queued.length}, ${damaged.length - queued.length}`,
  )
  rig.check(
    'what had not begun was queued again',
    requeued.length === queued.length,
    `${requeued.length} of ${queued.length}`,
  )
  rig.check('nothing was given up', givenUp.length === 0, givenUp.length)
}
