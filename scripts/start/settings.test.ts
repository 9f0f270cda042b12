import { expect, test } from 'vitest'
import { readSettings, root } from './settings.ts'

test('with nothing set: port 8008 on the loopback address, two workers, an embedded database in .data', () => {
  expect(readSettings({})).toEqual({
    port: 8008,
    host: '127.0.0.1',
    workers: 2,
    dataDir: `${root}.data`,
    databaseUrl: null,
    directUrl: null,
    drainMs: 30_000,
    ledgerDays: 30,
    deadLetterDays: 90,
    production: false,
    keysNeeded: false,
    testEndpoint: true,
    callbacks: { allowPrivate: true, allowCidrs: [], allowHosts: [] },
    publicUrl: null,
    watch: false,
  })
})

test.for([
  [{ PORT: 'abc' }, /PORT/],
  [{ PORT: '0' }, /PORT is 0/],
  [{ WORKERS: '-1' }, /WORKERS is "-1"/],
  [{ WORKERS: '1.5' }, /WORKERS/],
  [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL/],
  [{ DRAIN_TIMEOUT_SECONDS: 'x' }, /DRAIN_TIMEOUT_SECONDS/],
  [{ DATABASE_URL: 'mysql://a/b' }, /DATABASE_URL/],
  [{ DATABASE_URL: 'postgres://%' }, /DATABASE_URL/],
  [{ DATABASE_URL: 'postgres://db/jobs', DATABASE_DIRECT_URL: 'mysql://a/b' }, /DATABASE_DIRECT_URL/],
  [{ DATABASE_URL: 'postgres://db/jobs', DATABASE_DIRECT_URL: 'postgres://%' }, /DATABASE_DIRECT_URL/],
  [{ DATABASE_DIRECT_URL: 'postgres://db/jobs' }, /Set DATABASE_URL too/],
  [{ NODE_ENV: 'production' }, /API_KEYS/],
  [{ ENCRYPTION_KEYS: 'secret' }, /^(?!.*secret).*ENCRYPTION_KEYS/],
  [{ SIGNING_SECRET: 'secret' }, /SIGNING_SECRET/],
  [{ PUBLIC_URL: 'here' }, /PUBLIC_URL/],
] as const)('%o is one sentence that names the variable', ([env, message]) => {
  expect(() => readSettings(env)).toThrow(
    expect.objectContaining({ name: 'Fault', message: expect.stringMatching(message) }),
  )
})

test('a database that is half described names what is missing', () => {
  expect(() => readSettings({ DB_HOST: 'db', DB_USER: 'me' })).toThrow(/DB_PASSWORD.*DB_NAME/)
})

test('a database in parts becomes a URL, whatever characters its password has', () => {
  const env = { DB_USER: 'me', DB_PASSWORD: 'p@ss/word', DB_HOST: 'db', DB_PORT: '6000', DB_NAME: 'jobs' }
  expect(readSettings(env).databaseUrl).toBe('postgres://me:p%40ss%2Fword@db:6000/jobs')
})

test('migrations go past a pooler where a way past it is named, else where all go', () => {
  const pooled = 'postgres://pooler:6432/jobs'
  expect(readSettings({ DATABASE_URL: pooled })).toMatchObject({ databaseUrl: pooled, directUrl: pooled })
  const env = { DATABASE_URL: pooled, DATABASE_DIRECT_URL: 'postgres://db/jobs' }
  expect(readSettings(env)).toMatchObject({ databaseUrl: pooled, directUrl: 'postgres://db/jobs' })
})

test('an option that does not exist is refused', () => {
  expect(() => readSettings({}, ['--wacht'])).toThrow(/--wacht/)
  expect(readSettings({}, ['--watch']).watch).toBe(true)
})
