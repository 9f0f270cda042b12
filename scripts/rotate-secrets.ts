// Seals anew, under the newest key of ENCRYPTION_KEYS, the secrets of jobs that an older one sealed.
import { createPool } from '../db/src/client.ts'
import { runCommand } from './start/command.ts'
import { openDatabase } from './start/database.ts'
import { openKeys } from './start/keys.ts'
import { rotate } from './start/rotate.ts'
import { readSettings } from './start/settings.ts'

await runCommand(async () => {
  const settings = readSettings(process.env)
  const { value } = openKeys(process.env, settings.dataDir, { makes: false })
  // A running embedded server is shared; without one it runs for as long as this takes.
  const database = await openDatabase(settings, console.log)
  const pool = createPool(database.url, { max: 2, name: 'scheduler rotation' })
  try {
    if (!(await rotate(pool, value, console.log))) process.exitCode = 1
  } finally {
    await pool.end()
    await database.stop()
  }
})
