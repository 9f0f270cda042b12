import { setTimeout as sleep } from 'node:timers/promises'
import { isFree } from '../../db/src/embedded/port.ts'
import { apiUrl, banner, publicUrlOf } from './banner.ts'
import { migrate, openDatabase } from './database.ts'
import { openKeys } from './keys.ts'
import { Fault, type Settings } from './settings.ts'
import type { StopRequest } from './stop-request.ts'
import { type Supervised, supervise } from './supervisor.ts'

/** The programs to run, as absolute paths. */
export interface Programs {
  readonly api: string
  readonly worker: string
}

/** Starts all in order, and once a stop is requested ends all in the reverse order: first those who use the database. */
export async function runStack(
  settings: Settings,
  programs: Programs,
  stop: StopRequest,
  log: (line: string) => void,
): Promise<void> {
  await using parts = new AsyncDisposableStack()
  const { signal } = stop

  const startAll = async () => {
    await claimPort(settings, signal)
    const database = parts.adopt(await openDatabase(settings, log), (it) => it.stop())
    signal.throwIfAborted()
    const { host, pathname } = new URL(database.url)
    log(`the database is ${host}${pathname}${database.embedded ? `, its data in ${settings.dataDir}` : ''}`)
    await migrate(database.directUrl, log, { ledgerDays: settings.ledgerDays, signal })
    signal.throwIfAborted()
    log(`migrated; starting the API on port ${settings.port} and ${settings.workers} workers`)

    const keys = openKeys(process.env, settings.dataDir)
    const env = {
      // Node has four threads for looking up names, each of which a name whose servers don't answer takes for seconds.
      UV_THREADPOOL_SIZE: '64',
      ...process.env,
      ENCRYPTION_KEYS: keys.value,
      PUBLIC_URL: publicUrlOf(settings),
      PORT: String(settings.port),
      DATA_DIR: settings.dataDir,
      DATABASE_URL: database.url,
    }
    const running: ReturnType<typeof supervise>[] = []
    parts.adopt(running, async (all) => {
      await Promise.all(all.map((it) => it.stop()))
    })
    stop.forced.addEventListener('abort', () => {
      for (const it of running) it.kill()
    })
    const start = (name: string, file: string) => {
      const graceMs = settings.drainMs + 15_000
      const program = supervise({ name, command: commandOf(file, settings.watch), env, graceMs }, log)
      running.push(program)
      return program
    }
    await answers(start('the API', programs.api), settings, signal)
    // After the API: a job that calls its test endpoint may be due since the last stop.
    for (let n = 1; n <= settings.workers; n += 1) start(`worker ${n}`, programs.worker)
    log(banner(settings, database.embedded ? `embedded, in ${settings.dataDir}` : `${host}${pathname}`, keys.file))
  }

  await Promise.race([startAll(), stop.requested])
  log(`stopping: ${await stop.requested}`)
}

/** Waits a moment, since a stack that was just killed still holds it, and says so if it stays taken. */
async function claimPort({ port, host }: Settings, signal: AbortSignal): Promise<void> {
  for (let tries = 30; ; tries -= 1) {
    if (await isFree(port, host ?? null)) return
    if (tries === 0) {
      throw new Fault(
        `Port ${port} is in use: end what listens there, or choose another port with PORT=${port + 1}, and for a stack of its own another DATA_DIR.`,
      )
    }
    await sleep(100, undefined, { signal })
  }
}

function commandOf(file: string, watch: boolean): [string, ...string[]] {
  if (!watch) return [process.execPath, file]
  const command: [string, ...string[]] = [process.execPath, '--watch', '--watch-preserve-output', file]
  // The channel ends at `node --watch`, which does not mind its closing: let the kernel tell it of our death.
  return process.platform === 'linux' ? ['setpriv', '--pdeathsig=TERM', ...command] : command
}

async function answers(api: Supervised, settings: Settings, signal: AbortSignal): Promise<void> {
  for (const deadline = Date.now() + 60_000; ; ) {
    const live = await fetch(`${apiUrl(settings)}/health/live`, { signal: AbortSignal.timeout(2000) }).catch(() => null)
    if (live?.ok) return
    if (api.deaths() >= 3) throw new Fault('The API does not start; what it wrote above says why.')
    if (Date.now() > deadline) throw new Fault(`The API does not answer on ${apiUrl(settings)} after a minute.`)
    await sleep(50, undefined, { signal })
  }
}
