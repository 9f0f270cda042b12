// Brings the database to this version's schema: the one that the environment names, or the embedded one of DATA_DIR.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedError } from '../db/src/embedded/start-embedded.ts'
import { migrate, openDatabase } from './start/database.ts'
import { Fault, readSettings, root } from './start/settings.ts'

const file = join(root, '.env')
if (existsSync(file)) process.loadEnvFile(file)
try {
  // A running embedded server is shared; without one it runs for as long as this takes.
  const settings = readSettings(process.env)
  const database = await openDatabase(settings, console.log)
  try {
    await migrate(database.directUrl, console.log, settings)
    const { host, pathname } = new URL(database.url)
    console.log(`${host}${pathname} has the schema of this version`)
  } finally {
    await database.stop()
  }
} catch (error) {
  console.error(error instanceof Fault || error instanceof EmbeddedError ? error.message : error)
  process.exitCode = 1
}
