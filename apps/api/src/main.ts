import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDb, createPool } from '@scheduler/db/client'
import { createDbClock } from '@scheduler/db/db-clock'
import { pino } from 'pino'
import { createApp } from './app.ts'
import { keepClock } from './clock-keeper.ts'
import { type Config, loadConfig } from './config.ts'
import { keepQueue } from './queue-keeper.ts'

/** How long requests under way may take once the process is told to stop, ms. */
const DRAIN_MS = 10_000

const config = configOrExit()
const log = pino({
  level: config.logLevel,
  base: { service: 'api' },
  redact: ['authorization', '*.authorization', 'headers', '*.headers', 'payload', '*.payload'],
})

// Short waits: whoever asks is told within two seconds that the database is away.
const pool = createPool(config.databaseUrl, { max: 10, connectMs: 1_500, queryMs: 1_800, name: 'scheduler api' })
const clock = createDbClock()
const stopClock = keepClock(clock, pool)
const queue = keepQueue(pool, log)
const app = createApp({ pool, db: createDb(pool), boss: queue.boss, clock, log, settings: config.app })

const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }, app)
await listen(server, config)
const { port } = server.address() as AddressInfo
log.info({ port, host: config.host ?? 'all' }, 'listening')
if (config.app.apiKeys.length === 0) {
  log.warn(
    { host: config.host ?? 'all' },
    'no API_KEYS: whoever reaches this address may create jobs; it is the loopback one unless HOST says otherwise',
  )
}

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), once(process, 'disconnect')])
log.info('stopping')
await close(server)
stopClock()
await queue.stop()
await pool.end()
log.info('stopped')
process.exit(0)

function configOrExit(): Config {
  try {
    return loadConfig(process.env)
  } catch (error) {
    return exit(error instanceof Error ? error.message : String(error))
  }
}

async function listen(it: Server, { port, host }: Config): Promise<void> {
  try {
    it.listen(port, host)
    await once(it, 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const inUse = `Port ${port} is in use. Stop what listens there, or set PORT to another.`
    exit(code === 'EADDRINUSE' ? inUse : `The API cannot listen on port ${port}: ${message}.`)
  }
}

/** Takes no more connections, and waits for the requests under way. */
async function close(it: Server): Promise<void> {
  const closed = once(it, 'close')
  it.close()
  it.closeIdleConnections()
  const timer = setTimeout(() => it.closeAllConnections(), DRAIN_MS)
  await closed
  clearTimeout(timer)
}

function exit(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}
