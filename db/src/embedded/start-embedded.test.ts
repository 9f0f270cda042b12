import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, afterEach, expect, test } from 'vitest'
import { isAlive } from './postmaster.ts'
import { type Embedded, startEmbedded } from './start-embedded.ts'

const folders = mkdtempSync(join(tmpdir(), 'scheduler-embedded-')) // 0700: as root, the server's user cannot enter it
const dataDir = join(folders, 'shared') // by most tests: making a database is the slow part
const running = new Set<Embedded>()

afterEach(async () => {
  for (const each of running) await each.stop()
  running.clear()
})
afterAll(() => rmSync(folders, { recursive: true, force: true }))

/** A started server, and a wait until it has logged so many matching lines. What it commits outlives it: only `fsync` is off. */
async function start(folder = dataDir) {
  const lines: string[] = []
  let heard = () => {}
  const log = (line: string) => {
    lines.push(line)
    heard()
  }
  const embedded = await startEmbedded({ dataDir: folder, log, settings: { fsync: 'off' } })
  running.add(embedded)
  const logged = async (pattern: RegExp, count = 1) => {
    while (lines.filter((line) => pattern.test(line)).length < count) {
      await new Promise<void>((resolve) => {
        heard = resolve
      })
    }
  }
  return { embedded, lines, logged }
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

test('an existing empty folder becomes a UTF-8 database whose rows are there after a stop, on the same port', async () => {
  mkdirSync(dataDir, { recursive: true })
  const first = await start()
  const encoding = await query(first.embedded.url, 'show server_encoding')
  await query(first.embedded.url, 'create table kept as select 42 as answer')
  const pid = first.embedded.pid()
  await first.embedded.stop()
  expect(isAlive(pid)).toBe(false)

  const second = await start()
  expect(encoding).toEqual([{ server_encoding: 'UTF8' }])
  expect(await query(second.embedded.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  expect(second.embedded.url).toBe(first.embedded.url)
  expect(second.lines).toEqual([])
})

test('its command line is `postgres -D` with a folder inside the data folder, and only 127.0.0.1 hears it', async () => {
  const { embedded } = await start()
  const [program, flag, folder] = readFileSync(`/proc/${embedded.pid()}/cmdline`, 'utf8').split('\0')
  expect(program).toMatch(/\/postgres$/)
  expect([flag, folder]).toEqual(['-D', join(dataDir, 'postgres', 'data')])
  expect(await query(embedded.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
})

test('nobody gets in without the password, which only its owner may read', async () => {
  const { embedded } = await start()
  const url = new URL(embedded.url)
  url.password = 'wrong'
  await expect(query(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
  expect(statSync(join(dataDir, 'postgres', 'password')).mode & 0o777).toBe(0o600)
})

test('killed three times, it is back each time on the same port with what was committed', async () => {
  const { embedded, logged } = await start()
  await query(embedded.url, 'create table rounds as select 1 as round')
  for (const round of [1, 2, 3]) {
    process.kill(embedded.pid(), 'SIGKILL')
    await logged(/is back/, round)
    await query(embedded.url, `insert into rounds values (${round + 1})`)
  }
  expect(await query(embedded.url, 'select count(*)::int as rounds from rounds')).toEqual([{ rounds: 4 }])
})

test('several starts at once on one empty folder share one server', async () => {
  const folder = mkdtempSync(join(folders, 'together-'))
  const all = await Promise.all([start(folder), start(folder), start(folder)])
  const pids = new Set(all.map(({ embedded }) => embedded.pid()))
  const urls = new Set(all.map(({ embedded }) => embedded.url))
  expect([pids.size, urls.size]).toEqual([1, 1])
})

test('when a process that started it is killed outright, the next start goes on with its data', async () => {
  const module = fileURLToPath(new URL('./start-embedded.ts', import.meta.url))
  const code = `import { startEmbedded } from ${JSON.stringify(module)}
    const { pid } = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)}, log() {} })
    console.log(pid())`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface(child.stdout), 'line')
  expect(Number(line)).toBeGreaterThan(0)
  child.kill('SIGKILL')
  await once(child, 'exit')

  const { embedded } = await start()
  expect(await query(embedded.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('the lock file of a dead server whose pid now belongs to another process does not stop a start', async () => {
  const first = await start()
  await first.embedded.stop()
  const lock = [
    process.pid,
    join(dataDir, 'postgres', 'data'),
    1,
    first.embedded.port,
    '',
    '127.0.0.1',
    '',
    'ready',
    '',
  ]
  writeFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), lock.join('\n'))
  const { embedded } = await start()
  expect(await query(embedded.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('when somebody else has taken the remembered port, it takes another', async () => {
  const first = await start()
  await first.embedded.stop()
  const other = createServer().listen(first.embedded.port, '127.0.0.1')
  await once(other, 'listening')
  try {
    const { embedded } = await start()
    expect(embedded.port).not.toBe(first.embedded.port)
  } finally {
    other.close()
  }
})

test('what a killed first start left half made is swept, and does not count as a database', async () => {
  const folder = mkdtempSync(join(folders, 'half-'))
  mkdirSync(join(folder, 'init-999999999-abc', 'data'), { recursive: true })
  const { embedded } = await start(folder)
  expect(await query(embedded.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(statSync(join(folder, 'init-999999999-abc'), { throwIfNoEntry: false })).toBeUndefined()
})

test('a damaged folder is one sentence that names the damage and the way out', async () => {
  const { embedded } = await start()
  await embedded.stop()
  writeFileSync(join(dataDir, 'postgres', 'data', 'global', 'pg_control'), 'junk')
  await expect(start()).rejects.toThrow(/does not start on .*pg_control.*DATA_DIR/)
  rmSync(join(dataDir, 'postgres', 'data', 'PG_VERSION'))
  await expect(start()).rejects.toThrow(/is broken, .*PG_VERSION is missing/)
})

test('a data folder that is a file is one sentence', async () => {
  const file = join(folders, 'file')
  writeFileSync(file, '')
  await expect(start(file)).rejects.toThrow(/is a file where a folder is needed/)
})
