import { expect, test } from 'vitest'
import { loadConfig } from './config.ts'

test('without any variable every setting has its default, and half of the places go to one destination', () => {
  expect(loadConfig({})).toMatchObject({
    ...{ WORKER_CONCURRENCY: 100, destinationConcurrency: 50, DRAIN_TIMEOUT_SECONDS: 30, LEDGER_RETENTION_DAYS: 30 },
    ...{ CIRCUIT_FAIL_MAX: 5, CIRCUIT_RESET_TIMEOUT: 60, MISFIRE_GRACE_TIME: 900, LOG_LEVEL: 'info' },
  })
})

test.for([
  [{ WORKER_CONCURRENCY: '7' }, 4],
  [{ WORKER_CONCURRENCY: '1' }, 1],
  [{ WORKER_CONCURRENCY: '10', DESTINATION_CONCURRENCY: '9' }, 9],
  [{ WORKER_CONCURRENCY: '10', DESTINATION_CONCURRENCY: ' ' }, 5],
] as const)('%j lets one destination have %i places', ([env, places]) => {
  expect(loadConfig(env).destinationConcurrency).toBe(places)
})

test.for([
  ['WORKER_CONCURRENCY', '0'],
  ['WORKER_CONCURRENCY', '1.5'],
  ['DESTINATION_CONCURRENCY', '-1'],
  ['CIRCUIT_FAIL_MAX', 'five'],
  ['CIRCUIT_RESET_TIMEOUT', '0'],
  ['DRAIN_TIMEOUT_SECONDS', '-1'],
  ['LEDGER_RETENTION_DAYS', '0'],
  ['LEDGER_RETENTION_COUNT', '0'],
  ['LEDGER_RETENTION_COUNT', '100001'],
  ['CALLBACK_ALLOW_PRIVATE', 'perhaps'],
  ['NOTIFY_URL', 'example.com/hook'],
  ['NOTIFY_URL', 'ftp://example.com/hook'],
  ['NOTIFY_URL', 'http://169.254.169.254/latest'],
] as const)('%s=%s is refused by its name, and the value is not repeated', ([name, value]) => {
  expect(() => loadConfig({ [name]: value })).toThrow(new RegExp(`^Bad environment\\. ${name}: `))
})

test.for([
  ['CIRCUIT_DRAIN_RATE', '0', 'a number from 0.1 to 10000'],
  ['CIRCUIT_DRAIN_RATE', 'Infinity', 'a number from 0.1 to 10000'],
  ['WORKER_CONCURRENCY', '10.5', 'a whole number from 1 to 10000'],
  ['CIRCUIT_FAIL_MAX', 'five', 'a whole number from 1 to 1000'],
  ['DB_PORT', '70000', 'a whole number from 1 to 65535'],
] as const)('%s=%s is refused in one sentence: it must be %s', ([name, value, wanted]) => {
  expect(() => loadConfig({ [name]: value })).toThrow(new Error(`Bad environment. ${name}: must be ${wanted}.`))
})

test.for([
  { DATABASE_URL: 'postgres://me:secret@a:5432,b:5432/jobs' },
  { DATABASE_URL: 'postgresql://a,b/jobs?target_session_attrs=read-write' },
  { DATABASE_URL: 'postgres:///jobs?user=me&host=a,b' },
  { DATABASE_DIRECT_URL: 'postgres://a,b/jobs' },
  { DB_HOST: 'a,b' },
])('%j is refused: the driver takes one host', (env) => {
  expect(() => loadConfig(env)).toThrow(`${Object.keys(env)}: must name one host: one that leads to the primary.`)
})

test.for([
  'postgres://me:se,cret@host/jobs',
  'postgres:///jobs?host=/var/run/postgresql',
  'postgres://host:6432/a,b?options=-c%20search_path%3Da,b',
])('%s names one host', (url) => {
  expect(loadConfig({ DATABASE_URL: url }).DATABASE_URL).toBe(url)
})

test('every variable at fault is named at once', () => {
  const env = { WORKER_CONCURRENCY: 'x', CIRCUIT_FAIL_MAX: 'y', NODE_ENV: 'z' }
  expect(() => loadConfig(env)).toThrow(/NODE_ENV: .*CIRCUIT_FAIL_MAX: .*WORKER_CONCURRENCY: /)
})

test('the URL that is told of everything is held to what holds for callbacks', () => {
  const env = { NOTIFY_URL: 'http://10.0.0.1/hook', NODE_ENV: 'production' }
  expect(() => loadConfig(env)).toThrow(/^Bad environment\. NOTIFY_URL: must be a public address/)
  expect(loadConfig({ ...env, CALLBACK_ALLOW_CIDRS: '10.0.0.0/8' }).NOTIFY_URL).toBe(env.NOTIFY_URL)
  expect(loadConfig({ ...env, NODE_ENV: 'development' }).NOTIFY_URL).toBe(env.NOTIFY_URL)
  expect(loadConfig({}).NOTIFY_URL).toBeUndefined()
})
