import { until, wait } from '../../bench/until.ts'
import { type Complaints, complainingWriter } from '../faults/complaints.ts'
import { answers } from '../faults/crash-database.ts'
import { checkRecoveries, recover } from '../faults/recovery.ts'
import { withSession } from '../faults/sessions.ts'
import { empty, fill, mountDisk, unableToMount } from '../faults/small-disk.ts'
import { checkAnswers, countInFlight, underLoad } from '../faults/under-load.ts'
import type { Rig, Scenario } from '../scenario.ts'

const MEGABYTES = 300
const SECONDS = 15
/** How long the server may take to start on a disk that has room again, ms: its supervisor waits between two tries. */
const RETURN_MS = 30_000

export const diskFull: Scenario = {
  name: 'disk-full',
  what: `The disk of the database is full for ${SECONDS} s: first its tables can't grow, then its log can't, and it crashes.`,
  // Little log, so that the disk is full of tables; it is forced to want more.
  settings: { max_wal_size: '64MB', min_wal_size: '32MB' },
  unable: async () => unableToMount(),
  dataDir: async () => mountDisk(MEGABYTES),

  async run(rig) {
    // In the short form too, enough rows for their tables to want another page.
    const clients = await underLoad(rig, { intervals: 80 })
    const complaints = complainingWriter(rig.url)
    const before = clients.answers()['503'] ?? 0
    const fault = { kind: 'disk full', pids: null, mayRepeat: true, inFlight: await countInFlight(rig) }
    await rig.fault(fault, () => fillAndEmpty(rig, complaints))
    const recovery = await recover(rig)
    await rig.quiet()
    rig.note('what the database answered a writer meanwhile', (await complaints.stop()).join(', '))
    rig.check('the API said so meanwhile', (clients.answers()['503'] ?? 0) > before)
    checkRecoveries(rig, [recovery])
    checkAnswers(rig, clients)
    await rig.judge()
  },
}

async function fillAndEmpty(rig: Rig, complaints: Complaints): Promise<void> {
  const { dataDir } = rig.embedded
  const half = (rig.short ? 6 : SECONDS) * 500
  const server = rig.embedded.pid()
  let emptied = 0
  try {
    await keepFull(dataDir, half, complaints)
    await Promise.all([keepFull(dataDir, half, complaints), wantLog(rig, half)])
    rig.note('the server ended for it', rig.embedded.pid() === server ? 'no' : 'yes')
  } finally {
    empty(dataDir)
    emptied = performance.now()
    complaints.heal()
  }
  await until(() => answers(rig.url), RETURN_MS, 'the database to answer')
  rig.note('from room on its disk to its answer', `${((performance.now() - emptied) / 1_000).toFixed(1)} s`)
}

/** Takes again and again what falls free. */
async function keepFull(folder: string, ms: number, complaints: Complaints): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await wait(50)) {
    fill(folder)
    complaints.harm()
  }
}

/** Goes on to one file of the log after another, until there is no room for the next. */
async function wantLog({ url }: Rig, ms: number): Promise<void> {
  const on = async () =>
    await withSession(url, async (session) => {
      await session.query('select pg_switch_wal()')
      await session.query(`select pg_logical_emit_message(false, 'full', 'full')`)
    })
  for (const end = performance.now() + ms; performance.now() < end; await wait(20)) await on().catch(() => {})
}
