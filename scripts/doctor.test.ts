import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished } from 'vitest'
import { deadPort } from '../apps/worker/test/receiver.ts'
import { createDb } from '../db/src/client.ts'
import { invariants } from '../db/src/queries/invariants/all.ts'
import { jobs } from '../db/src/schema/index.ts'
import { emptyDatabase } from '../db/test/empty-database.ts'
import { ahead, job } from '../db/test/factories.ts'
import { queueItems, queueUp, test } from '../db/test/queue.ts'
import { readKeys, seal, signingContext } from '../packages/core/src/seal.ts'
import { examine } from './doctor/examine.ts'
import { readSettings, root } from './start/settings.ts'

async function doctor(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [join(root, 'scripts/doctor.ts'), ...args], {
    env: { PATH: process.env.PATH ?? '', ENCRYPTION_KEYS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { out, errors, code: code as number | null }
}

test('it names what is broken, why and what to do, and ends with 1; --repair puts it right', async ({
  databaseUrl,
  pool,
  boss,
}) => {
  const { id } = await queueUp(pool, boss, {}, 7)
  await pool.query('delete from pgboss.job')

  const found = await doctor({ DATABASE_URL: databaseUrl })
  expect(found).toMatchObject({ code: 1, errors: '' })
  expect(found.out).toMatch(/^ {2}ok {4}jobs dispatched: What is due is dispatched within a minute\.$/m)
  expect(found.out).toMatch(/^ {2}FAIL {2}unfinished on its way: 7 found\. Each execution that is queued or running/m)
  expect(found.out).toContain(`of job ${id} is queued, and its item is gone\n`)
  expect(found.out).toMatch(/^ {8}and 2 others\n {8}→ Its callback is late, not lost/m)
  expect(found.out).toMatch(/\n\d+ hold, \d+ to look at, \d+ broken\n$/)

  const repaired = await doctor({ DATABASE_URL: databaseUrl }, '--repair')
  expect(repaired.out).toMatch(/^repaired: 7 executions queued again, 0 given up, 0 let go/)
  expect(repaired.out).toMatch(/^ {2}ok {4}unfinished on its way/m)
  expect(await queueItems(pool)).toHaveLength(7)
})

test('--json is one object and nothing else, and no secret, payload or query is in it', async ({
  databaseUrl,
  pool,
}) => {
  const id = crypto.randomUUID()
  const canary = 'canary-of-the-doctor'
  const lost = readKeys([`lost:${Buffer.alloc(32).toString('base64')}`])
  await createDb(pool)
    .insert(jobs)
    .values(
      job({
        ...{
          id,
          nextRunAt: ahead(-600),
          payload: canary,
          callbackUrl: `http://receiver.test/${canary}?token=${canary}`,
        },
        delivery: { signing: [seal(lost, signingContext(id), canary)] },
      }),
    )
  const key = Buffer.alloc(32, 1).toString('base64')
  const { out, errors, code } = await doctor({ DATABASE_URL: databaseUrl, ENCRYPTION_KEYS: `k1:${key}` }, '--json')
  const said = JSON.parse(out)
  const broken = (name: string) => said.invariants.find((it: { name: string }) => it.name === name)
  expect(code).toBe(1)
  expect(said).toMatchObject({ sound: false, repaired: null })
  expect(said.invariants).toHaveLength(invariants.length)
  expect(broken('jobs dispatched')).toMatchObject({ status: 'fail', findings: [{ of: id }], more: false })
  expect(broken('secrets open').findings).toEqual([
    { of: id, what: `job ${id} has a secret that asks for the key lost` },
  ])
  expect(out + errors).not.toContain(canary)
  expect(out + errors).not.toContain(key)
  const { password } = new URL(databaseUrl)
  if (password) expect(out + errors).not.toContain(password)
})

test('what only wants to be looked at leaves the exit code at 0', async ({ databaseUrl, pool }) => {
  const warning = invariants.filter(({ name }) => name === 'no job quarantined')
  await createDb(pool)
    .insert(jobs)
    .values(job({ status: 'quarantined', statusReason: 'no' }))
  const printed: string[] = []
  const options = { json: false, repair: false, settings: readSettings({ DATABASE_URL: databaseUrl }), env: {} }
  expect(await examine(pool, { ...options, print: (line) => printed.push(line) }, warning)).toBe(true)
  expect([printed[0], printed.at(-1)]).toEqual([
    expect.stringMatching(/^ {2}WARN {2}no job quarantined: 1 found/),
    '0 hold, 1 to look at, 0 broken',
  ])
})

const away = async () => ({ DATABASE_URL: `postgres://u:canary@127.0.0.1:${await deadPort()}/scheduler` })
const nowhere = async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'scheduler-doctor-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true }))
  return { DATA_DIR: dataDir }
}

test.for([
  [
    'a database that is away',
    away,
    [],
    /^The database 127\.0\.0\.1:\d+\/scheduler cannot be reached \(ECONNREFUSED\): see /,
  ],
  [
    'an empty database',
    async () => ({ DATABASE_URL: await emptyDatabase() }),
    [],
    /^This database has no schema .* run pnpm db:migrate/,
  ],
  ['no database at all', nowhere, [], /^There is no database to look at: DATABASE_URL is not set, and .* has none\.$/],
  ['an option that is none', away, ['--fix'], /^There is no option --fix; there are --json and --repair\.$/],
] as const)('%s is said in one sentence', async ([, env, args, sentence]) => {
  const { out, errors, code } = await doctor(await env(), ...args)
  expect([out, code]).toEqual(['', 1])
  expect(errors.trim()).toMatch(sentence)
  expect(errors.trim().split('\n')).toHaveLength(1)
  expect(errors).not.toContain('canary')
})
