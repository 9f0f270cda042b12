// One database server for everyone who is measured, each with a database of its own, and one receiver.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool, type Pool } from '@scheduler/db/client'
import { type Embedded, startEmbedded } from '@scheduler/db/embedded/start-embedded'
import { applyMigrations } from '@scheduler/db/migrate'
import { serverVersion } from './machine.ts'
import { type Receiver, startReceiver } from './processes.ts'

/** The migrated database that ours are copies of. */
const TEMPLATE = 'bench_template'

export interface Arena {
  receiver: Receiver
  /** On the database that the server begins with. */
  admin: Pool
  /** Where the server keeps its data and its log; null when the server is not ours. */
  dataDir: string | null
  /** The server's process; 0 when the server is not ours. */
  serverPid(): number
  urlOf(database: string): string
  exists(database: string): Promise<boolean>
  /** An empty database; one of that name is dropped first. */
  createEmpty(database: string): Promise<string>
  /** A database of ours, migrated and empty; one of that name is dropped first. */
  createOurs(database: string): Promise<string>
  drop(database: string): Promise<void>
}

export interface ArenaOptions {
  /** Ports that the receiver listens on. */
  ports?: number
  /** Where the server keeps its data from one run to the next; in a temporary folder where it is not given. */
  dataDir?: string | undefined
}

/** Runs a bench with a server and a receiver, and takes both down after it. */
export async function withArena(bench: (arena: Arena) => Promise<void>, options: ArenaOptions = {}): Promise<void> {
  const external = process.env.TRIAL_DATABASE_URL
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), 'scheduler-bench-'))
  const embedded = external ? null : await startEmbedded({ dataDir: folder, log: (line) => console.log(`# ${line}`) })
  const admin = createPool(external ?? (embedded as Embedded).url, { max: 2, queryMs: 600_000, name: 'bench' })
  const receiver = await startReceiver(0, options.ports)
  try {
    console.log(await serverVersion(admin, embedded !== null))
    await bench(arenaOf(admin, receiver, external ?? (embedded as Embedded).url, embedded))
  } finally {
    await receiver.close()
    await admin.query(`drop database if exists ${TEMPLATE} with (force)`).catch(() => {})
    await admin.end()
    await embedded?.stop()
    if (!options.dataDir) rmSync(folder, { recursive: true, force: true })
  }
}

function arenaOf(admin: Pool, receiver: Receiver, adminUrl: string, embedded: Embedded | null): Arena {
  const urlOf = (database: string) => Object.assign(new URL(adminUrl), { pathname: `/${database}` }).href
  const drop = async (database: string) => void (await admin.query(`drop database if exists ${database} with (force)`))
  const exists = async (database: string) => {
    const { rows } = await admin.query('select 1 from pg_database where datname = $1', [database])
    return rows.length > 0
  }
  const createEmpty = async (database: string) => {
    await drop(database)
    await admin.query(`create database ${database}`)
    return urlOf(database)
  }
  let template: Promise<void> | undefined
  return {
    ...{ admin, receiver, dataDir: embedded?.dataDir ?? null, urlOf, exists, drop, createEmpty },
    serverPid: () => embedded?.pid() ?? 0,
    async createOurs(database) {
      template ??= createEmpty(TEMPLATE).then(applyMigrations)
      await template
      await drop(database)
      await admin.query(`create database ${database} template ${TEMPLATE}`)
      return urlOf(database)
    },
  }
}
