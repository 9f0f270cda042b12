import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Embedded, startEmbedded } from '@scheduler/db/embedded/start-embedded'
import { copyRunning } from '../../bench/base-backup.ts'
import { wait } from '../../bench/until.ts'
import { countSentAgain, type Forgotten, withoutForgotten } from '../faults/forgotten.ts'
import { changeMarks, type Marks, readMark, setMarks } from '../faults/marks.ts'
import { checkRecoveries, recover } from '../faults/recovery.ts'
import { withSession } from '../faults/sessions.ts'
import { underLoad } from '../faults/under-load.ts'
import type { History } from '../history.ts'
import type { Rig, Scenario } from '../scenario.ts'
import { brokenOf, examineDatabase, sayBroken } from '../soundness.ts'

/** How long the run goes on after the backup, ms. */
const ON_MS = 15_000

export const restore: Scenario = {
  name: 'restore',
  what: 'A backup is taken while all runs; later everything is killed, and begun again from the backup.',
  // The log of a whole run, so that the backup finds all that was written while it was taken.
  settings: { wal_keep_size: '1GB' },

  async run(rig) {
    const afterMs = rig.dice.int(3_000, 6_000)
    const folder = mkdtempSync(join(tmpdir(), 'scheduler-restored-'))
    let restored: Embedded | undefined
    try {
      // Only creates: of a change that is forgotten nobody could say whether it is in force.
      await underLoad(rig, { changesPerSecond: 0, mayForget: true })
      await wait(afterMs)
      const marks = await setMarks(rig)
      const { from } = await withSession(rig.url, (session) => copyRunning(rig.embedded, session, folder))
      await wait(rig.short ? 4_000 : ON_MS)
      const third = await changeMarks(rig, marks)
      // What was in flight then is among what the backup has unfinished, or forgotten.
      const fault = { kind: 'restored from a backup', pids: null, mayRepeat: true, inFlight: 0 }
      const forgotten = await rig.fault(fault, async () => {
        const to = await killAll(rig)
        restored = await startEmbedded({ dataDir: folder, log: () => {} })
        await rig.moveTo(restored.url)
        const kept = await readKept(rig)
        await rig.startApi()
        await rig.startWorkers(4)
        return { from, to, ...kept }
      })
      const recovery = await recover(rig)
      await checkMarks(rig, marks, third)
      await rig.quiet()
      checkRecoveries(rig, [recovery])
      await checkSound(rig)
      await rig.judge({ as: (history) => judgedAs(rig, history, forgotten) })
    } finally {
      await restored?.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** All at once, as a machine that is lost. Returns when nothing of it ran any more. */
async function killAll(rig: Rig): Promise<number> {
  await Promise.all([...rig.workers, ...rig.apis].map((it) => it.end('SIGKILL')))
  rig.workers.length = 0
  rig.apis.length = 0
  await rig.embedded.stop()
  return Date.now()
}

/** Before anything is done with it. */
async function readKept({ pool }: Rig): Promise<Pick<Forgotten, 'kept' | 'executions'>> {
  const jobs = await pool.query<{ id: string }>('select id from jobs')
  const executions = await pool.query<{ id: string; attempt: number; isFinished: boolean }>(
    'select id, attempt, finished_at is not null as "isFinished" from executions',
  )
  return {
    kept: new Set(jobs.rows.map(({ id }) => id)),
    executions: new Map(executions.rows.map(({ id, ...known }) => [id, known])),
  }
}

/** What was answered before the backup is in force, and nothing that was answered since. */
async function checkMarks(rig: Rig, { paused, active }: Marks, third: string): Promise<void> {
  const found = await Promise.all([paused, active, third].map((id) => readMark(rig, id)))
  rig.check('a job that was paused before the backup', found[0] === 'paused', found[0])
  rig.check('a job that was paused after it', found[1] === 'active', found[1])
  rig.check('a job that was created after it', found[2] === 'gone', found[2])
}

function judgedAs(rig: Rig, history: History, forgotten: Forgotten): History {
  const judged = withoutForgotten(history, forgotten)
  const { forgotten: gone, asTheSame, asOthers } = countSentAgain(history, forgotten)
  rig.note('jobs that were answered after the backup, and are gone', history.jobs.length - judged.jobs.length)
  rig.note('callbacks that the restored database knows nothing of', gone)
  rig.note('of these sent again, with the same webhook-id', asTheSame)
  rig.check('sent again under another webhook-id', asOthers === 0, asOthers)
  return judged
}

/** Nothing is there that nobody would ever carry out, or that waits for nothing. */
async function checkSound({ url, check, say }: Rig): Promise<void> {
  const broken = brokenOf(await examineDatabase(url))
  check('invariants that do not hold in the restored database', broken.length === 0, broken.length)
  for (const it of broken) say(sayBroken(it))
}
