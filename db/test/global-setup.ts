import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { isAlive } from '../src/embedded/postmaster.ts'
import { startEmbedded, throwaway } from '../src/embedded/start-embedded.ts'
import { applyMigrations } from '../src/migrate.ts'
import { createDatabase, dropDatabase } from './admin.ts'
import { fillRetention } from './partitions.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where databases may be created and dropped. */
    adminUrl: string
    /** Name of the migrated database of this run, to be cloned. */
    templateDatabase: string
  }
}

const PREFIX = 'scheduler-test-'

/** One real server for the whole run, ours or the one at TEST_DATABASE_URL, with one migrated database to clone. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = process.env.TEST_DATABASE_URL
    ? { url: process.env.TEST_DATABASE_URL, stop: async () => {} }
    : await startThrowaway()
  const template = `scheduler_template_${process.pid}`
  try {
    await dropDatabase(server.url, template)
    const url = await createDatabase(server.url, template)
    await applyMigrations(url)
    await fillRetention(url)
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('adminUrl', server.url)
  project.provide('templateDatabase', template)
  return async () => {
    await dropDatabase(server.url, template)
    await server.stop()
  }
}

async function startThrowaway(): Promise<{ url: string; stop(): Promise<void> }> {
  sweep()
  const dataDir = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const { url, stop } = await startEmbedded({ dataDir, log: () => {}, settings: { ...throwaway, autovacuum: 'off' } })
  const remove = async () => {
    await stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { url, stop: remove }
}

/** Folders of runs that were killed; their servers ended with them. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) && Number(name.slice(PREFIX.length).split('-')[0])
    if (!pid || isAlive(pid)) continue
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
    } catch {
      // Another user's; theirs to remove.
    }
  }
}
