// A service that is right, in small: what it does with one job.
import type { Dice } from '@scheduler/core/test/dice'
import { timesIn } from '../checker/due.ts'
import type { Definition, History, LedgerRow } from '../history.ts'
import { type Done, type Span, spansOf } from './model-changes.ts'
import { type ModelFaults, QUIET } from './model-faults.ts'
import { type Receiving, send } from './model-send.ts'

export interface Model {
  dice: Dice
  faults: ModelFaults
  history: History
}

/** Does all that was asked of a job, and writes down what comes of it. */
export function runJob(model: Model, jobId: string, done: Done[]): void {
  const { dice, faults, history } = model
  const { spans, definitions } = spansOf(done)
  const overlaps = dice.chance(0.5)
  const receiving: Receiving = { delayMs: dice.int(5, 1_400), fails: dice.chance(0.1) ? dice.int(1, 4) : 0 }
  let busyUntil = 0
  /** What a pause has left out so far. */
  let left: number[] = []

  const row = (kind: string, at: number, fields: Partial<LedgerRow>): LedgerRow => {
    const fresh = { state: 'queued', reason: null, attempt: 0, scheduledUntil: null, count: 1, finishedAt: null }
    const it = { id: `${jobId}-${history.ledger.length}`, jobId, kind, scheduledFor: at, ...fresh, ...fields }
    history.ledger.push(it)
    return it
  }
  const leave = (times: number[], reason: string, at: number) => {
    const [first] = times
    if (first === undefined) return
    const until = times.length > 1 ? (times.at(-1) ?? null) : null
    row('schedule', first, { state: 'skipped', reason, scheduledUntil: until, count: times.length, finishedAt: at })
  }
  const begin = (it: LedgerRow, at: number) => {
    const until = send(model, { row: it, spans, definitions, receiving }, at)
    busyUntil = Math.max(busyUntil, until)
  }

  for (const span of spans) {
    const times = timesOf(definitions, span)
    if (span.status === 'paused') left.push(...times)
    else if (span.status === 'active') {
      for (const { group, at } of dispatches(dice, faults, times)) dispatch(span, group, at)
    }
    if (left.length > 0 && (span.rescheduled || span.endedBy === 'resume' || span.endedBy === 'delete')) {
      leave(left, 'paused', span.to)
      left = []
    }
  }
  for (const { change, at } of done) {
    const isThere = at !== null && spans.some((it) => it.status !== 'deleted' && it.from <= at && at < it.to)
    if (change.kind === 'run' && isThere) begin(row('manual', at, {}), at)
  }

  /** Occurrences that a pass finds due together. */
  function dispatch(span: Span, group: number[], at: number): void {
    const isPaused = span.endedBy === 'pause' && at >= span.to
    if (isPaused) return void left.push(...group)
    const coalesces = definitions[span.version]?.coalesces
    const [older, sent] = coalesces ? [group.slice(0, -1), group.slice(-1)] : [[], group]
    const now = Math.min(at, span.to)
    leave(older, 'coalesced', now)
    for (const time of sent) {
      const isCancelled = span.endedBy === 'delete' && at >= span.to
      if (isCancelled) row('schedule', time, { state: 'cancelled', reason: 'deleted', finishedAt: now })
      else if (!overlaps && busyUntil > now) leave([time], 'overlap_skipped', now)
      else begin(row('schedule', time, {}), now)
    }
  }
}

function timesOf(definitions: Definition[], { from, to, status, version }: Span): number[] {
  const due = definitions[version]?.due
  return due && status !== 'deleted' ? timesIn(due, from, Math.min(to, QUIET)) : []
}

/** When dispatchers come to these times, and to which of them together. */
function dispatches(dice: Dice, faults: ModelFaults, times: number[]): { group: number[]; at: number }[] {
  const passes: { group: number[]; at: number }[] = []
  for (const time of times) {
    const last = passes.at(-1)
    if (last && time <= last.at) last.group.push(time)
    else passes.push({ group: [time], at: faults.healthy(time + dice.int(0, 40)) })
  }
  return passes
}
