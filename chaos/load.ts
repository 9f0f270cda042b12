// The clients of a run: they create jobs, edit, pause, resume and delete them, and write down what they asked for.
import type { Dice } from '@scheduler/core/test/dice'
import { wait } from '../bench/until.ts'
import { type Calls, type Said, startCalls } from './calls.ts'
import type { Change, Definition, JobHistory } from './history.ts'
import type { Clients, Load } from './scenario.ts'

/** How far ahead what is created and edited begins, ms: long enough for an API that is not quick. */
const AHEAD_MS = 2_000
/** Requests of the clients at once. */
const AT_ONCE = 20

interface Job extends JobHistory {
  number: number
  everyMs: number | null
  isPaused: boolean
  isDeleted: boolean
  /** While one change is on its way, no other is made: what is in force stays known. */
  isBusy: boolean
}

export interface LoadOptions extends Load {
  dice: Dice
  /** A name that no other run has: of its idempotency keys. */
  run: string
  /** Where the API is. */
  api: () => string
  /** Where the callbacks go. */
  origin: string
}

/** Clients whose work can be waited for and read. */
export interface LoadedClients extends Clients {
  jobs(): JobHistory[]
  refused: string[]
  /** Makes no more of it; ends each job that is left, and waits until that is answered. */
  end(): Promise<void>
}

export function startLoad(options: LoadOptions): LoadedClients {
  const { dice } = options
  const jobs: Job[] = []
  const calls = startCalls(options.api, (method, said) => isExpected(method, said, options.mayForget ?? false))
  const open = new Set<Promise<void>>()
  let number = 0
  let stopped = false
  const start = (work: Promise<void>) => {
    open.add(work)
    void work.finally(() => open.delete(work))
  }
  const idle = () => jobs.filter((it) => !it.isBusy && !it.isDeleted)

  const beat = async (perSecond: number, work: () => Promise<void>) => {
    const began = performance.now()
    for (let n = 1; !stopped && perSecond > 0; n += 1) {
      await wait(Math.max(0, began + (n * 1_000) / perSecond - performance.now()))
      if (!stopped && open.size < AT_ONCE) start(work())
    }
  }
  const createNext = (everyMs: number | null) => {
    number += 1
    return create(calls, options, jobs, number, everyMs)
  }
  const createInterval = () => createNext(options.everyMs)
  const running = Promise.all([
    inTurns(Array.from({ length: options.intervals }, () => createInterval)),
    beat(options.oncePerSecond, () => createNext(null)),
    beat(options.changesPerSecond, async () => {
      const changeable = idle().filter((it) => it.everyMs !== null)
      if (changeable.length === 0) return
      const job = dice.pick(changeable)
      await change(calls, options, job, kindFor(job, dice))
      // As many fall due as before.
      if (job.isDeleted && !stopped) await createInterval()
    }),
  ])

  return {
    jobs: () => jobs.map(({ id, changes }) => ({ id, changes })),
    refused: calls.refused,
    answers: calls.answers,
    occurrences: () => jobs.reduce((sum, it) => sum + occurrencesOf(it, Date.now()), 0),
    async end() {
      stopped = true
      await running
      await Promise.all(open)
      await inTurns(idle().map((job) => () => change(calls, options, job, 'delete')))
      calls.stop()
    },
  }
}

/** Some at a time. */
async function inTurns(work: (() => Promise<void>)[]): Promise<void> {
  const left = [...work]
  const one = async () => {
    for (let next = left.shift(); next; next = left.shift()) await next()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

/** One that is to be created too late for its time is refused; so is a delete whose first answer was lost. */
const isExpected = (method: string, { status, body, isRepeated }: Said, mayForget: boolean) =>
  (method === 'DELETE' && status === 404 && (isRepeated || mayForget)) ||
  (method === 'POST' && (body as { type?: string } | null)?.type?.endsWith('/schedule-exhausted') === true)

const kindFor = (job: Job, dice: Dice): Change['kind'] =>
  job.isPaused
    ? dice.pick(['resume', 'resume', 'delete'] as const)
    : dice.pick(['edit', 'edit', 'pause', 'delete'] as const)

async function create(calls: Calls, options: LoadOptions, jobs: Job[], number: number, everyMs: number | null) {
  const { dice } = options
  const at = Date.now() + AHEAD_MS + dice.int(0, everyMs ?? 1_000)
  const coalesces = everyMs !== null && dice.chance(0.5)
  const definition: Definition = {
    due: everyMs === null ? { type: 'once', at } : { type: 'interval', everyMs, anchor: at, end: null },
    path: pathOf(number, 1),
    coalesces,
  }
  const change: Change = { kind: 'create', sentAt: Date.now(), answeredAt: null, definition }
  const common = {
    callback_url: urlOf(options, definition),
    payload: { n: number },
    retry: options.retry ?? { limit: 0 },
  }
  const rule = {
    seconds: (everyMs ?? 0) / 1_000,
    start_date: new Date(at).toISOString(),
    overlap: 'allow',
    misfire: { policy: coalesces ? 'last' : 'all' },
  }
  const [path, body] =
    everyMs === null
      ? ['/jobs', { ...common, schedule_time: new Date(at).toISOString() }]
      : ['/jobs/interval', { ...common, ...rule }]
  const said = await calls.ask('POST', path, body, { 'idempotency-key': `${options.run}-${number}` })
  if (said?.status !== 201) return
  change.answeredAt = Date.now()
  const { job_id: id } = said.body as { job_id: string }
  jobs.push({ id, changes: [change], number, everyMs, isPaused: false, isDeleted: false, isBusy: false })
}

async function change(calls: Calls, options: LoadOptions, job: Job, kind: Change['kind']): Promise<void> {
  const change: Change = { kind, sentAt: Date.now(), answeredAt: null }
  job.changes.push(change)
  job.isBusy = true
  const said = await ask(calls, options, job, change)
  job.isBusy = said === null
  // Refused, it has changed nothing; and `refused` says so.
  if (said && said.status >= 400 && !(kind === 'delete' && said.status === 404)) job.changes.pop()
  else if (said) change.answeredAt = Date.now()
  if (change.answeredAt === null) return
  if (kind === 'delete') job.isDeleted = true
  if (kind === 'pause' || kind === 'resume') job.isPaused = kind === 'pause'
}

async function ask(calls: Calls, options: LoadOptions, job: Job, change: Change) {
  const path = `/jobs/${job.id}`
  if (change.kind === 'delete') return await calls.ask('DELETE', path)
  if (change.kind === 'edit') {
    change.definition = edited(job, options.dice)
    const { due } = change.definition
    const start_date = due.type === 'interval' ? new Date(due.anchor).toISOString() : undefined
    return await calls.ask('PATCH', path, { callback_url: urlOf(options, change.definition), start_date })
  }
  return await calls.ask('POST', `${path}/${change.kind}`)
}

/** Another address, and now and then another beat. */
function edited(job: Job, dice: Dice): Definition {
  const versions = job.changes.filter((it) => it.definition)
  const last = versions.at(-1)?.definition as Definition
  const path = pathOf(job.number, versions.length + 1)
  const anchor = Date.now() + AHEAD_MS + dice.int(0, 1_000)
  const due = last.due.type === 'interval' && dice.chance(0.3) ? { ...last.due, anchor } : last.due
  return { ...last, due, path }
}

const pathOf = (number: number, version: number) => `/j${number}/v${version}`
const urlOf = ({ origin, delayMs }: LoadOptions, { path }: Definition) => `${origin}${path}?delay=${delayMs}`

/** By its first definition. */
function occurrencesOf({ changes }: JobHistory, now: number): number {
  const due = changes[0]?.definition?.due
  const end = Math.min(now, changes.findLast((it) => it.kind === 'delete')?.sentAt ?? now)
  if (due?.type === 'interval') return Math.max(0, Math.floor((end - due.anchor) / due.everyMs) + 1)
  return due?.type === 'once' && due.at <= end ? 1 : 0
}
