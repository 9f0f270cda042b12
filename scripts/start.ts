// Runs the whole service on this machine until told to stop: the database, the API and the workers.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedError } from '../db/src/embedded/start-embedded.ts'
import { Fault, readSettings, root } from './start/settings.ts'
import { runStack } from './start/stack.ts'
import { listenForStop } from './start/stop-request.ts'

// Whoever reads our output may be gone before us; that is no reason not to end in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const stop = listenForStop()
const log = (line: string) => console.log(line.startsWith('\n') ? line : `[start] ${line}`)
try {
  const file = join(root, '.env')
  if (existsSync(file)) process.loadEnvFile(file)
  const settings = readSettings(process.env, process.argv.slice(2))
  const programs = { api: join(root, 'apps/api/src/main.ts'), worker: join(root, 'apps/worker/src/main.ts') }
  await runStack(settings, programs, stop, log)
  log('stopped')
} catch (error) {
  process.exitCode = 1
  const expected = error instanceof Fault || error instanceof EmbeddedError
  if (!stop.signal.aborted) console.error(expected ? error.message : error)
  else process.exitCode = 0
}
// Told to stop while a start was under way, there may be something left to wait for; its end is tied to ours.
process.exit(stop.forced.aborted ? 130 : process.exitCode)
