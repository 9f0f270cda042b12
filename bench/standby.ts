// A second PostgreSQL that follows the first, synchronously.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Embedded, startEmbedded } from '@scheduler/db/embedded/start-embedded'
import pg from 'pg'
import { copyRunning } from './base-backup.ts'
import { until } from './rig.ts'

export interface Standby {
  url: string
  /** Makes it the primary. */
  promote(): Promise<void>
  stop(): Promise<void>
}

/** Copies the primary while it runs, and lets the copy follow it. From then on no commit is answered that it does not have. */
export async function startStandby(primary: Embedded): Promise<Standby> {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-standby-'))
  const { hostname, port, username, password } = new URL(primary.url)
  const client = new pg.Client({ connectionString: primary.url })
  await client.connect()
  await copyRunning(primary, client, folder)
  writeFileSync(join(folder, 'postgres', 'data', 'standby.signal'), '')
  const follows = `host=${hostname} port=${port} user=${username} password=${password} application_name=standby`
  const standby = await startEmbedded({ dataDir: folder, log: () => {}, settings: { primary_conninfo: follows } })
  await client.query(`alter system set synchronous_standby_names = 'standby'`)
  await client.query('select pg_reload_conf()')
  const inStep = async () => {
    const found = await client.query(`select 1 from pg_stat_replication where sync_state = 'sync'`)
    return found.rowCount === 1
  }
  await until(inStep, 30_000, 'the standby to be in step')
  await client.end()
  return {
    url: standby.url,
    async promote() {
      const own = new pg.Client({ connectionString: standby.url })
      await own.connect()
      // It has taken that setting with the rest, and has nobody to wait for.
      await own.query('select pg_promote(true)')
      await own.query('alter system reset synchronous_standby_names')
      await own.query('select pg_reload_conf()')
      await own.end()
    },
    async stop() {
      await standby.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
