// A history, by what it is asked for.
import type { Arrival, AttemptRow, History, LedgerRow } from '../history.ts'
import { type Life, lifeOf } from './life.ts'

/** A row of the ledger with what belongs to it. */
export interface Execution {
  row: LedgerRow
  /** In the order in which they came. */
  arrivals: Arrival[]
  /** By number. */
  attempts: AttemptRow[]
}

/** The executions of one job. */
export interface JobExecutions {
  /** Of its schedule, by time; of a run of unsent ones by its first. */
  byTime: Map<number, Execution>
  /** Those that stand for a run of occurrences. */
  runs: Execution[]
  manual: Execution[]
}

export interface Index {
  lives: Map<string, Life>
  executions: Map<string, Execution>
  ofJob(id: string): JobExecutions
  /** A second row of the same occurrence, or of the same id. */
  twins: LedgerRow[]
  /** Those of whose execution there is no row. */
  strays: { arrivals: Arrival[]; attempts: AttemptRow[] }
}

const none: JobExecutions = { byTime: new Map(), runs: [], manual: [] }

export function indexOf(history: History): Index {
  const arrivals = Map.groupBy(history.arrivals, (it) => it.id)
  const attempts = Map.groupBy(history.attempts, (it) => it.executionId)
  const executions = new Map<string, Execution>()
  const byJob = new Map<string, JobExecutions>()
  const twins: LedgerRow[] = []
  for (const row of history.ledger) {
    if (executions.has(row.id)) {
      twins.push(row)
      continue
    }
    const execution = {
      row,
      arrivals: (arrivals.get(row.id) ?? []).toSorted((a, b) => a.at - b.at),
      attempts: (attempts.get(row.id) ?? []).toSorted((a, b) => a.attempt - b.attempt),
    }
    executions.set(row.id, execution)
    const job = byJob.get(row.jobId) ?? { byTime: new Map(), runs: [], manual: [] }
    byJob.set(row.jobId, job)
    if (!place(job, execution)) twins.push(row)
  }
  return {
    lives: new Map(history.jobs.map((job) => [job.id, lifeOf(job)])),
    executions,
    ofJob: (id) => byJob.get(id) ?? none,
    twins,
    strays: {
      arrivals: history.arrivals.filter((it) => !executions.has(it.id)),
      attempts: history.attempts.filter((it) => !executions.has(it.executionId)),
    },
  }
}

/** False where the occurrence has an execution already. */
function place({ byTime, runs, manual }: JobExecutions, execution: Execution): boolean {
  const { kind, scheduledFor, scheduledUntil } = execution.row
  if (kind !== 'schedule') {
    const isTwin = manual.some(({ row }) => row.kind === kind && row.scheduledFor === scheduledFor)
    manual.push(execution)
    return !isTwin
  }
  if (byTime.has(scheduledFor)) return false
  byTime.set(scheduledFor, execution)
  if (scheduledUntil !== null) runs.push(execution)
  return true
}

/** The execution that stands for what the job's schedule named at that time. */
export function coveredBy({ byTime, runs }: JobExecutions, at: number): Execution | undefined {
  return byTime.get(at) ?? runs.find(({ row }) => row.scheduledFor <= at && at <= (row.scheduledUntil ?? at))
}

export const answeredWell = ({ status }: Pick<Arrival, 'status'>): boolean =>
  status !== null && status >= 200 && status < 300
