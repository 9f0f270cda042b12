// What is done to a sound history, and what the checker must make of it.
import type { Dice } from '@scheduler/core/test/dice'
import type { Kind } from '../checker/judgement.ts'
import type { Change, Fault, History } from '../history.ts'
import type { Victim } from './victims.ts'

export interface Bug {
  name: string
  /** What it must be reported as; null where it is none. */
  is: Kind | null
  do(history: History, victim: Victim, dice: Dice): void
  /** To which executions it can be done; to all that there are where it is not said. */
  fits?(victim: Victim): boolean
}

/** Has the schedule of an interval job end with the execution, so that nothing more is due. */
export function nothingAfter({ job, row }: Victim): void {
  for (const { definition } of job.changes)
    if (definition?.due.type === 'interval') definition.due.end = row.scheduledFor
}

const ask = (kind: Change['kind'], sentAt: number, answeredAt: number): Change => ({ kind, sentAt, answeredAt })

/** So long after the execution's time, and answered 50 ms later. */
export const after = (kind: Change['kind'], { row }: Victim, ms: number) =>
  ask(kind, row.scheduledFor + ms, row.scheduledFor + ms + 50)

/** An edit that leaves nothing to be due for certain. */
export function edit({ row }: Victim, ms: number): Change {
  const change = ask('edit', row.scheduledFor + ms, row.scheduledFor + ms + 50)
  return { ...change, definition: { due: { type: 'once', at: change.sentAt + 1 }, path: '/new', coalesces: false } }
}

export function killed({ arrival, attempt }: Victim, fields: Partial<Fault> = {}): Fault {
  const pids = attempt.pid === null ? null : [attempt.pid]
  return { kind: 'worker killed', from: arrival.at, to: arrival.at + 50, pids, mayRepeat: true, inFlight: 1, ...fields }
}
