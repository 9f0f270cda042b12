import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect } from 'vitest'
import { test as base } from '../test/api.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

interface Run {
  process: ChildProcess
  /** Standard output and error so far. */
  output(): string
  /** Resolves with the URL once it listens. */
  url(): Promise<string>
  exit: Promise<number | null>
}

/** Starts main.ts as its own process, with these variables alone; ended with the test. */
const test = base.extend('start', async ({ databaseUrl }, { onCleanup }) => {
  const running: ChildProcess[] = []
  onCleanup(() => {
    for (const it of running) it.kill('SIGKILL')
  })
  return (env: Record<string, string>): Run => {
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env.PATH ?? '', DATABASE_URL: databaseUrl, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    running.push(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
    return {
      process: child,
      output: () => output,
      async url() {
        await expect.poll(() => /"port":(\d+)/.test(output), { timeout: 10_000 }).toBe(true)
        return `http://127.0.0.1:${/"port":(\d+)/.exec(output)?.[1]}`
      },
      exit: once(child, 'exit').then(([code]) => code as number | null),
    }
  }
})

describe('refuses to start, with one sentence and exit code 1', () => {
  test('in production without API_KEYS', async ({ start }) => {
    const run = start({ NODE_ENV: 'production' })
    expect(await run.exit).toBe(1)
    expect(run.output()).toMatch(/^NODE_ENV is production and API_KEYS is empty.*\n$/)
  })

  test('with a port that is in use', async ({ start }) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const run = start({ PORT: String(port), LOG_LEVEL: 'silent' })
    expect(await run.exit).toBe(1)
    expect(run.output()).toBe(`Port ${port} is in use. Stop what listens there, or set PORT to another.\n`)
    other.close()
  })
})

test('listens on the loopback without keys, says so, and writes the housekeeping schedules once', async ({
  start,
  pool,
}) => {
  for (let i = 0; i < 2; i += 1) {
    const run = start({})
    await run.url()
    expect(run.output()).toContain('"host":"127.0.0.1"')
    await expect.poll(() => run.output()).toContain('no API_KEYS')
    await expect.poll(() => run.output()).toContain('queue started')
    run.process.kill('SIGTERM')
    expect(await run.exit).toBe(0)
  }
  const { rows } = await pool.query('select name, key, cron, data from pgboss.schedule order by key')
  expect(rows).toEqual([
    { name: 'housekeeping', key: 'prune', cron: '17 * * * *', data: { task: 'prune' } },
    { name: 'housekeeping', key: 'reconcile', cron: '43 3 * * *', data: { task: 'reconcile' } },
  ])
})

test('on SIGTERM the request under way is answered, then the process ends with 0', async ({ start }) => {
  const run = start({})
  const url = await run.url()
  const answer = fetch(`${url}/callback/test?delay_ms=1000`, { method: 'POST' })
  await expect.poll(() => run.output()).toContain('test callback received')
  run.process.kill('SIGTERM')
  expect((await answer).status).toBe(200)
  expect(await run.exit).toBe(0)
  expect(run.output()).toContain('"stopped"')
})

test('ends when the process that started it is gone', async ({ start }) => {
  const run = start({})
  await run.url()
  run.process.disconnect()
  expect(await run.exit).toBe(0)
})

test('starts without its database, answers 503, serves as soon as it is there, and stops without it', async ({
  start,
  databaseUrl,
}) => {
  const { port, hostname } = new URL(databaseUrl)
  const { createConnection } = await import('node:net')
  const proxy = createServer((socket) => {
    const target = createConnection(Number(port), hostname)
    socket.pipe(target).pipe(socket)
    for (const it of [socket, target]) it.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const through = new URL(databaseUrl)
  through.port = String((proxy.address() as { port: number }).port)
  await new Promise((resolve) => proxy.close(resolve))

  const run = start({ DATABASE_URL: through.href })
  const url = await run.url()
  expect((await fetch(`${url}/jobs`)).status).toBe(503)
  proxy.listen(Number(through.port), '127.0.0.1')
  await expect.poll(async () => (await fetch(`${url}/health/ready`)).status, { timeout: 10_000 }).toBe(200)
  expect((await fetch(`${url}/jobs`)).status).toBe(200)
  run.process.kill('SIGINT')
  expect(await run.exit).toBe(0)
  proxy.close()
})
