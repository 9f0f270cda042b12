// What clients ask of a made-up job, and when it is done.
import type { Dice } from '@scheduler/core/test/dice'
import { sameDue } from '../checker/due.ts'
import type { Change, Definition, Due } from '../history.ts'
import { LOAD_MS, type ModelFaults, START } from './model-faults.ts'

export interface Done {
  change: Change
  /** When it took effect; null where it never did. */
  at: number | null
}

/** From one change to the next. */
export interface Span {
  from: number
  to: number
  status: 'active' | 'paused' | 'deleted'
  /** Since when it has been so: an edit of a paused job is no new pause. */
  since: number
  /** Of its definition. */
  version: number
  /** What ended it; null for the last. */
  endedBy: Change['kind'] | null
  /** Whether it was ended by another schedule. */
  rescheduled: boolean
}

const END = START + LOAD_MS

/** @param most besides its create and what ends it */
export function someChanges(dice: Dice, faults: ModelFaults, path: string, most: number): Done[] {
  const done: Done[] = []
  let version = 0
  let at = START + dice.int(0, 5_000)
  let due = someDue(dice, at)
  const coalesces = dice.chance(0.5)
  const defined = (): Definition => ({ due, coalesces, path: `${path}/${version}` })
  const ask = (kind: Change['kind'], isUnsure = false) => {
    const sentAt = at
    const takes = faults.healthy(sentAt + dice.int(1, 60))
    const answeredAt = isUnsure ? null : takes + dice.int(5, 300)
    const definition = kind === 'create' || kind === 'edit' ? { definition: defined() } : {}
    done.push({ change: { kind, sentAt, answeredAt, ...definition }, at: isUnsure && dice.chance(0.5) ? null : takes })
    at = (answeredAt ?? takes) + dice.int(3, 15_000)
  }
  ask('create')
  for (let left = dice.int(0, most); left > 0 && at < END - 5_000; left -= 1) {
    const kind = dice.pick(['edit', 'edit', 'pause', 'resume', 'run', 'delete'] as const)
    if (kind === 'edit') {
      version += 1
      if (dice.chance(0.5)) due = someDue(dice, at + 1_000)
    }
    ask(kind)
    if (kind === 'delete') return done
  }
  at = Math.max(at, END)
  // Nobody knows of the last whether it was done; those jobs end by themselves.
  const isUnsure = due.type !== 'cron' && dice.chance(0.3)
  ask(dice.pick(['delete', 'pause']), isUnsure)
  return done
}

function someDue(dice: Dice, at: number): Due {
  const soon = Math.min(at + dice.int(500, 20_000), END - 1_000)
  const kind = dice.int(0, 4)
  if (kind === 0) return { type: 'once', at: soon }
  if (kind === 1)
    return { type: 'cron', expression: dice.pick(['*/10 * * * * *', '7,31 * * * * *']), timezone: 'Asia/Bangkok' }
  return { type: 'interval', everyMs: dice.pick([1_000, 3_000, 5_000]), anchor: soon, end: END - dice.int(0, 5_000) }
}

/** The job's life by what was really done. */
export function spansOf(done: Done[]): { spans: Span[]; definitions: Definition[] } {
  const definitions = done.flatMap(({ change }) => change.definition ?? [])
  const spans: Span[] = []
  let version = -1
  for (const { change, at } of done) {
    if (change.kind === 'run' || at === null) continue
    const last = spans.at(-1)
    if (last?.status === 'deleted') break
    const status = statusAfter(change.kind, last?.status ?? 'active')
    // A pause of a paused job, and a resume of one that runs, change nothing.
    if (last?.status === status && !change.definition) continue
    const old = definitions[version]
    if (change.definition) version += 1
    if (last) {
      last.to = at
      last.endedBy = change.kind
      last.rescheduled = Boolean(change.definition && old && !sameDue(change.definition.due, old.due))
    }
    const since = last?.status === status ? last.since : at
    spans.push({ from: at, to: Infinity, status, since, version, endedBy: null, rescheduled: false })
  }
  return { spans, definitions }
}

function statusAfter(kind: Change['kind'], status: Span['status']): Span['status'] {
  if (kind === 'pause') return 'paused'
  if (kind === 'delete') return 'deleted'
  return kind === 'resume' ? 'active' : status
}
