// Reads what a run has left behind, has it judged, and checks what holds in every scenario.
import type { HoldUp } from '@scheduler/db/test/hold-ups'
import { check } from './checker/check.ts'
import { type Judgement, kinds } from './checker/judgement.ts'
import type { Fault } from './history.ts'
import { readLedger, workerPids } from './ledger.ts'
import type { Run } from './rig.ts'
import type { Bounds, Rig } from './scenario.ts'
import { brokenOf, examineDatabase, sayBroken } from './soundness.ts'

/** In the short form, ms: it runs on machines that others use too, and says little of how quick the service is. */
const SHORT_BOUNDS = { lateMs: 5_000, promptMs: 2_000 }

/** For so long, ms, something holds a machine up only when it stands still as a whole, or nearly. */
const HELD_UP_MS = 500

/** Findings of a kind that are told. */
const EXAMPLES = 5

export async function judgeRun(rig: Rig, run: Run, given: Bounds): Promise<void> {
  const bounds = rig.short ? { ...SHORT_BOUNDS, ...given } : given
  const jobs = run.clients.flatMap((it) => it.jobs())
  for (const [id, pid] of await workerPids(rig.pool)) run.pids.set(id, pid)
  const { ledger, attempts } = await readLedger(rig.pool, run.pids)
  const arrivals = await rig.receiver.arrivals()
  const heldUp = run.holdUps.since(0).filter(({ from, to }) => to - from >= HELD_UP_MS)
  const faults = [...run.faults, ...heldUp.map(asFault)]
  const read = { jobs, faults, arrivals, ledger, attempts, quietSince: run.quietSince }
  const history = bounds.as?.(read) ?? read
  const judgement = check(history, bounds)
  noteFigures(rig, judgement)
  if (heldUp.length > 0) rig.note('times that the machine stood still', heldUp.length)
  for (const kind of kinds) rig.check(kind, judgement.findings[kind].length === 0, judgement.findings[kind].length)
  for (const kind of kinds) for (const it of judgement.findings[kind].slice(0, EXAMPLES)) rig.say(`${kind}: ${it}`)
  await judgeDatabase(rig)
  judgeProcesses(rig)
  judgeCalls(rig, run)
}

/** What all processes met alike, ours too. */
const asFault = (it: HoldUp): Fault => ({ kind: 'machine held up', ...it, pids: null, mayRepeat: false })

function noteFigures({ note }: Rig, { figures }: Judgement): void {
  note('jobs, and what clients asked of them', `${figures.jobs}, ${figures.changes}`)
  note('occurrences that were due for certain', figures.due)
  note('executions in the ledger', figures.executions)
  note(
    'how they ended',
    Object.entries(figures.ended)
      .map(([how, n]) => `${n} ${how}`)
      .join(', '),
  )
  note('requests at the receiver', figures.requests)
  note('of these repeated after a success', figures.repeated)
  if (figures.heldUp > 0) note('of these made by workers that had stood still', figures.heldUp)
  if (figures.inFlight !== null) note('attempts in flight at the faults', figures.inFlight)
  const { p50, p99, most } = figures.latenessMs
  note('lateness without a fault, ms', `p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)}, most ${most.toFixed(0)}`)
  note('late because of a fault', figures.lateByFault)
}

/** What holds at every moment holds after whatever was done. */
async function judgeDatabase({ url, check, say }: Rig): Promise<void> {
  const broken = brokenOf(await examineDatabase(url))
  check('invariants that do not hold', broken.length === 0, broken.length)
  for (const it of broken) say(sayBroken(it))
}

function judgeProcesses({ workers, apis, check }: Rig): void {
  const ended = [...workers, ...apis].filter(({ process: it }) => it.exitCode !== null || it.signalCode !== null)
  check('processes that ended by themselves', ended.length === 0, ended.length)
}

/** What clients were answered; refusals that nothing is wrong with, hung calls and faults of the API are none that may be. */
function judgeCalls({ check, note, say }: Rig, { clients }: Run): void {
  const refused = clients.flatMap((it) => it.refused)
  const all = clients.map((it) => it.answers())
  const sum = (wanted: (how: string) => boolean) =>
    all.reduce((total, { slowestMs: _, ...counts }) => {
      const found = Object.entries(counts).filter(([how]) => wanted(how))
      return total + found.reduce((n, [, count]) => n + count, 0)
    }, 0)
  const faulty = (how: string) =>
    how === 'hung' || (how.startsWith('5') && how !== '503') || how.endsWith('without a problem')
  note(
    'calls answered with a success',
    sum((how) => how === 'ok'),
  )
  note(
    'calls answered 503',
    sum((how) => how === '503'),
  )
  note(
    'calls that no API was there to answer',
    sum((how) => how === 'no answer'),
  )
  note('slowest answer of the API, ms', Math.round(Math.max(0, ...all.map((it) => it.slowestMs))))
  check('calls that hung or were answered 5xx other than 503', sum(faulty) === 0, sum(faulty))
  check('calls refused without a reason', refused.length === 0, refused.length)
  for (const line of new Set(refused)) say(line)
}
