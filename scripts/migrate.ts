// Brings the database to this version's schema: the one that the environment names, or the embedded one of DATA_DIR.
import { runCommand } from './start/command.ts'
import { migrate, openDatabase } from './start/database.ts'
import { readSettings } from './start/settings.ts'

await runCommand(async () => {
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
})
