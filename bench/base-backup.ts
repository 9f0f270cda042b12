// A copy of the embedded PostgreSQL that is taken while it runs, over SQL: its package has no pg_basebackup.
import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseOwner } from '@scheduler/db/embedded/account'
import type { Embedded } from '@scheduler/db/embedded/start-embedded'
import type pg from 'pg'
import { chownAll } from './chown-all.ts'

/** From when to when the log was copied, ms since 1970: what was committed before that is in the copy, what was after is not. */
export interface CopiedLog {
  from: number
  to: number
}

/**
 * Copies the server's folder into `folder`, where another may be started on it, and then the log that was written meanwhile.
 * The server has to keep that: its `wal_keep_size` says how much.
 *
 * @param client of the server, in a session of its own
 */
export async function copyRunning(primary: Embedded, client: pg.Client, folder: string): Promise<CopiedLog> {
  const [source, home] = [join(primary.dataDir, 'postgres'), join(folder, 'postgres')]
  await client.query(`select pg_backup_start('copy', true)`)
  await copyTree(source, home)
  const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop()')
  await writeFile(join(home, 'data', 'backup_label'), rows[0]?.labelfile ?? '')
  const from = Date.now()
  await copyTree(join(source, 'data', 'pg_wal'), join(home, 'data', 'pg_wal'))
  const to = Date.now()
  chownAll(folder, chooseOwner(source))
  return { from, to }
}

/** Copies what is there; a file that goes meanwhile is nothing that the log does not make good. */
async function copyTree(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o700 })
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)]
    if (entry.isDirectory()) await copyTree(from, to).catch(unlessGone)
    // The lock file says that a server runs there.
    else if (entry.name !== 'postmaster.pid') await copyFile(from, to, constants.COPYFILE_FICLONE).catch(unlessGone)
  }
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
