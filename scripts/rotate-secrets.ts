// Seals anew, under the newest key of ENCRYPTION_KEYS, the secrets of jobs that an older one sealed.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createPool } from '../db/src/client.ts'
import { EmbeddedError } from '../db/src/embedded/start-embedded.ts'
import { openDatabase } from './start/database.ts'
import { openKeys } from './start/keys.ts'
import { rotate } from './start/rotate.ts'
import { Fault, readSettings, root } from './start/settings.ts'

const file = join(root, '.env')
if (existsSync(file)) process.loadEnvFile(file)
try {
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
} catch (error) {
  console.error(error instanceof Fault || error instanceof EmbeddedError ? error.message : error)
  process.exitCode = 1
}
