// Checks what must hold, on the database that the environment names, and says what does not and what to do about it.
// --repair lets the reconciler work first; --json prints one object. Exit code 1 where something failed or could not be checked.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createPool } from '../db/src/client.ts'
import { isDatabaseAway } from '../db/src/database-away.ts'
import { examine } from './doctor/examine.ts'
import { readOptions } from './doctor/options.ts'
import { runCommand } from './start/command.ts'
import { openDatabase } from './start/database.ts'
import { Fault, readSettings } from './start/settings.ts'

await runCommand(async () => {
  const options = readOptions(process.argv.slice(2))
  const settings = readSettings(process.env)
  // What is printed is the report alone where a program reads it.
  const log = options.json ? console.error : console.log
  if (!settings.databaseUrl && !existsSync(join(settings.dataDir, 'postgres'))) {
    throw new Fault(`There is no database to look at: DATABASE_URL is not set, and ${settings.dataDir} has none.`)
  }
  const database = await openDatabase(settings, log)
  const { host, pathname } = new URL(database.url)
  // As a worker's connections: what the doctor asks has an index to go by too.
  const pool = createPool(database.url, { max: 2, steadyPlans: true, queryMs: 25_000, name: 'scheduler doctor' })
  try {
    const isSound = await examine(pool, { ...options, settings, env: process.env, print: console.log })
    if (!isSound) process.exitCode = 1
  } catch (error) {
    if (!isDatabaseAway(error)) throw error
    throw new Fault(
      `The database ${host}${pathname} cannot be reached (${reasonOf(error)}): see that it runs, and that DATABASE_URL names it.`,
      { cause: error },
    )
  } finally {
    await pool.end()
    await database.stop()
  }
})

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}
