// Reads what a run has left behind, has it judged, and checks what holds in every scenario.
import { check } from './checker/check.ts'
import { say } from './checker/say.ts'
import { readHistoryOf } from './ledger.ts'
import type { Run } from './rig.ts'
import type { Bounds, Rig } from './scenario.ts'

export async function judgeRun(rig: Rig, run: Run, bounds: Bounds): Promise<void> {
  const jobs = run.clients.flatMap((it) => it.jobs())
  const { ledger, attempts } = await readHistoryOf(rig.pool, run.pids)
  const arrivals = await rig.receiver.arrivals()
  const history = { jobs, faults: run.faults, arrivals, ledger, attempts, quietSince: run.quietSince }
  const judgement = check(history, bounds)
  for (const [what, n] of Object.entries(judgement.figures)) rig.note(what, n)
  for (const kind of ['lost', 'early', 'late', 'phantom', 'unexplained'] as const) {
    rig.check(kind, judgement[kind].length === 0, judgement[kind].length)
  }
  for (const line of say(judgement)) rig.say(line)
  const inFlight = run.faults.reduce((sum, it) => sum + (it.inFlight ?? 0), 0)
  const most = bounds.duplicates ?? inFlight
  const { duplicates } = judgement.figures
  rig.check('duplicates, of which each was in flight at a fault', duplicates <= most, `${duplicates}, at most ${most}`)
  judgeProcesses(rig)
  judgeCalls(rig, run)
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
