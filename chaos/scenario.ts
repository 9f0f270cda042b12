// What a scenario of the campaign is, and what it is given.
import type { Dice } from '@scheduler/core/test/dice'
import type { Pool } from '@scheduler/db/client'
import type { Embedded } from '@scheduler/db/embedded/start-embedded'
import type { Receiver, Worker } from '../bench/processes.ts'
import type { Fault, History } from './history.ts'

export interface Scenario {
  name: string
  /** One sentence for the report: what is done to the system. */
  what: string
  /** Settings of the embedded server, over its own. */
  settings?: Record<string, string>
  /** Where the server keeps its data; a temporary folder where it is not given. It is removed after. */
  dataDir?(): Promise<string>
  /** Why it can't be run on this machine; null where it can. */
  unable?(form: { short: boolean }): Promise<string | null>
  run(rig: Rig): Promise<void>
}

/** A database of its own, a receiver, and the processes of the service, for one scenario. All are taken down after it. */
export interface Rig {
  /** The same choices for the same seed. */
  dice: Dice
  /** The form that CI runs: less load, fewer faults. */
  short: boolean
  /** The way to the database that no fault is on. */
  url: string
  pool: Pool
  embedded: Embedded
  receiver: Receiver
  /** Those that are meant to live; whoever kills one takes it out. */
  workers: Worker[]
  apis: Api[]
  /** Starts workers and waits until they beat. `DATABASE_URL` in `env` leads them another way. */
  startWorkers(count: number, env?: Record<string, string>): Promise<Worker[]>
  startApi(env?: Record<string, string>): Promise<Api>
  /** Clients that create jobs, edit, pause, resume and delete them, by way of the first API. Ask until they are answered. */
  startLoad(load: Load): Clients
  /** Does something to the system, and remembers from when to when. */
  fault<T>(fault: Omit<Fault, 'from' | 'to'>, work: (fault: Fault) => Promise<T>): Promise<T>
  /** The database is on another server from now on: what is started, read and judged is so there. */
  moveTo(url: string): Promise<void>
  /** Ends the clients, and waits until all that is due is finished. @throws where it isn't after `withinMs` */
  quiet(withinMs?: number): Promise<void>
  /** Reads the ledger and the receiver's log, lets the checker judge them, and checks what holds always. */
  judge(bounds?: Bounds): Promise<void>
  /** One more thing that must hold; a line of the report. */
  check(what: string, holds: boolean, figure?: string | number): void
  /** A figure for the report that nothing is asked of. */
  note(what: string, figure: string | number): void
  /** A sentence on what was found. */
  say(line: string): void
}

export interface Api extends Worker {
  origin: string
}

export interface Load {
  /** Interval jobs that are created at the beginning, each due every `everyMs`. */
  intervals: number
  everyMs: number
  /** One-time jobs a second, due soon. */
  oncePerSecond: number
  /** Edits, pauses, resumes and deletes a second, in all. */
  changesPerSecond: number
  /** Whether jobs whose create was answered may be gone at the end, as after a restore. */
  mayForget?: boolean
  /** How long the receiver takes, ms. */
  delayMs: number
  /** Of each job; by default one attempt, and others only for those that are lost. */
  retry?: Record<string, number>
  /** The receivers' origin, where it is not the rig's own: a proxy before it. */
  origin?: string
}

export interface Clients {
  /** Answers of the API by kind: `ok`, `503`, others by their status or error; and the slowest, ms. */
  answers(): Record<string, number> & { slowestMs: number }
  /** How many occurrences the jobs have had by now, about. */
  occurrences(): number
}

export interface Bounds {
  /** Requests at the receiver beyond one for each occurrence and failed attempt; by default what was in flight at the faults. */
  duplicates?: number
  /** Requests that workers which stood still may make when they go on; by default any number, within `duplicates`. */
  sentLate?: number
  /** How late an occurrence may be that no fault explains, ms. */
  lateMs?: number
  /** How soon a process has done what it was about to do where nothing is broken, ms: written an outcome, sent a request. */
  promptMs?: number
  /** For how long after a fault it may still be the reason of lateness, ms. */
  recoveryMs?: number
  /** What the checker is to judge in place of what was: for a database that was allowed to forget something. */
  as?: (history: History) => History
}
