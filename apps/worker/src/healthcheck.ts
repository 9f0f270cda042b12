// Whether a worker of this machine lives, for whoever runs it: says so in one line, and by the exit code.
import { hostname } from 'node:os'
import { databaseUrl } from '@scheduler/core/settings'
import { createPool } from '@scheduler/db/pool'
import { isAlive } from '@scheduler/db/queries/workers'

const name = hostname()
try {
  const url = databaseUrl(process.env)
  if (!url) throw new Error('no database is named')
  const pool = createPool(url, { max: 1, connectMs: 3_000, queryMs: 3_000, name: 'scheduler healthcheck' })
  const alive = await isAlive(pool, name)
  console.log(alive ? `a worker of ${name} beats` : `no worker of ${name} beats`)
  process.exit(alive ? 0 : 1)
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException
  console.log(`not known whether a worker of ${name} beats: ${message || code}`)
  process.exit(1)
}
