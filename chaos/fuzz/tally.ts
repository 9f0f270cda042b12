// What became of the requests: counts, and an example of everything that is not as it should be.
import type { FuzzAnswer, FuzzRequest } from './request.ts'

export interface FuzzReport {
  requests: number
  answers: number
  /** Operation → status → how many. */
  statuses: Map<string, Map<number, number>>
  /** `valid`, `nearly: null`, `hostile: NUL` → how many. */
  classes: Map<string, number>
  faults: FuzzFault[]
  /** Requests that keep to their schema and were refused, by operation and reason. */
  refused: Map<string, number>
  slowestMs: number
  /** Of the question whether the process lives, asked all the while. */
  slowestBeatMs: number
  /** For how long the machine itself held an answer up at the most. */
  heldUpMs: number
}

export interface FuzzFault {
  /** Operation and what is wrong. */
  what: string
  count: number
  /** The first one: what sends it again, and what was answered. */
  number: number
  command: string
  answer: string
}

/** Commands may be as long as a body; these are cut. */
const MOST_SHOWN = 4_000

export function tally(asCommand: (request: FuzzRequest) => string) {
  const [statuses, classes, refused] = [
    new Map<string, Map<number, number>>(),
    new Map<string, number>(),
    new Map<string, number>(),
  ]
  const faults = new Map<string, FuzzFault>()
  let [requests, answers, slowestMs] = [0, 0, 0]

  function fault(request: FuzzRequest, what: string, answer: string): void {
    const key = `${request.operation.id} ${request.what}: ${what.replaceAll(/\d+ ms/g, 'some ms')}`
    const known = faults.get(key)
    if (known) known.count += 1
    else {
      const command = asCommand(request).slice(0, MOST_SHOWN)
      faults.set(key, { what: key, count: 1, number: request.number, command, answer: answer.slice(0, 1_000) })
    }
  }

  function sent({ kind, what }: FuzzRequest, came: number): void {
    requests += 1
    answers += came
    add(classes, kind === what ? kind : `${kind}: ${what}`)
  }

  return {
    sent,
    answered(request: FuzzRequest, answer: FuzzAnswer, wrong: string[]): void {
      const byStatus = statuses.get(request.operation.id) ?? new Map<number, number>()
      statuses.set(request.operation.id, byStatus.set(answer.status, (byStatus.get(answer.status) ?? 0) + 1))
      slowestMs = Math.max(slowestMs, answer.ms)
      if (request.kind === 'valid' && [400, 415, 422].includes(answer.status)) add(refused, reasonOf(request, answer))
      for (const it of wrong) fault(request, it, `${answer.status} ${answer.text}`)
    },
    /** By the byte a client may be left without an answer; all others are to have one. */
    unanswered(request: FuzzRequest, error: Error): void {
      sent(request, 0)
      fault(request, `was not answered: ${error.message}`, '')
    },
    report(): Omit<FuzzReport, 'slowestBeatMs' | 'heldUpMs'> {
      const list = [...faults.values()].sort((a, b) => b.count - a.count)
      return { requests, answers, statuses, classes, faults: list, refused, slowestMs }
    },
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** What was refused, without what differs from one request to the next. */
function reasonOf({ operation }: FuzzRequest, { text }: FuzzAnswer): string {
  const { errors = [], detail = '' } = JSON.parse(text) as {
    errors?: { path: string; message: string }[]
    detail?: string
  }
  const [first] = errors
  const said = first ? `${first.path} ${first.message}` : detail
  return `${operation.id}: ${said
    .replaceAll(UUID, '…')
    .replaceAll(/"[^"]*"/g, '"…"')
    .replaceAll(/\d+/g, 'n')}`
}
