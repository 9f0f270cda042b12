import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { configShape, loadConfig } from './config.ts'

const base = { DATABASE_URL: 'postgres://me@localhost/jobs' }
const keys = { API_KEYS: 'a-long-random-key' }

describe('production', () => {
  test('refuses to start without API_KEYS, and says what to do', () => {
    expect(() => loadConfig({ ...base, NODE_ENV: 'production' })).toThrow(/API_KEYS is empty.*Set API_KEYS/)
    expect(() => loadConfig({ ...base, NODE_ENV: 'production', API_KEYS: ' , ' })).toThrow(/API_KEYS/)
  })

  test('turns off the test receiver and private callbacks, unless told', () => {
    const { app } = loadConfig({ ...base, ...keys, NODE_ENV: 'production' })
    expect([app.testEndpoints, app.targetPolicy.allowPrivate]).toEqual([false, false])
    const told = { ENABLE_TEST_ENDPOINTS: 'true', CALLBACK_ALLOW_PRIVATE: 'true' }
    const { app: open } = loadConfig({ ...base, ...keys, ...told, NODE_ENV: 'production' })
    expect([open.testEndpoints, open.targetPolicy.allowPrivate]).toEqual([true, true])
  })
})

describe('where it listens', () => {
  test('the loopback without keys, everywhere with them, and where HOST says', () => {
    expect(loadConfig(base)).toMatchObject({ port: 8008, host: '127.0.0.1' })
    expect(loadConfig({ ...base, ...keys }).host).toBeUndefined()
    expect(loadConfig({ ...base, HOST: '0.0.0.0', PORT: '9000' })).toMatchObject({ port: 9000, host: '0.0.0.0' })
  })
})

describe('a bad value', () => {
  test.for([
    [{ PORT: 'http' }, 'PORT'],
    [{ PORT: '70000' }, 'PORT'],
    [{ NODE_ENV: 'prod' }, 'NODE_ENV'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    [{ ENABLE_TEST_ENDPOINTS: 'maybe' }, 'ENABLE_TEST_ENDPOINTS'],
    [{ PUBLIC_URL: 'example.com' }, 'PUBLIC_URL'],
    [{ CALLBACK_ALLOW_CIDRS: '10.0.0.0/8,ten' }, 'CALLBACK_ALLOW_CIDRS'],
    [{ MISFIRE_GRACE_TIME: '-1' }, 'MISFIRE_GRACE_TIME'],
    [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL'],
    [{ DATABASE_URL: '', DB_HOST: 'h' }, 'DB_USER, DB_PASSWORD, DB_NAME'],
    [{ DATABASE_URL: '' }, 'DATABASE_URL'],
  ] as const)('%j is refused, naming %s', ([env, name]) => {
    expect(() => loadConfig({ ...base, ...env })).toThrow(name)
  })

  test('an empty variable says nothing, and the base URL loses its final slash', () => {
    const { app } = loadConfig({ ...base, PORT: '', API_KEYS: 'a, b,', PUBLIC_URL: 'https://x.example/' })
    expect(app).toMatchObject({ apiKeys: ['a', 'b'], publicUrl: 'https://x.example' })
  })
})

test('.env.example has each variable, with the default where there is one', () => {
  const lines = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8').split('\n')
  const defaults = loadConfigDefaults()
  for (const name of Object.keys(configShape)) {
    const line = lines.find((it) => it.startsWith(`# ${name}=`))
    expect(line, `${name} is missing`).toBeDefined()
    if (typeof defaults[name] === 'number') expect(line).toBe(`# ${name}=${defaults[name]}`)
  }
})

/** What each variable is when none is set. */
function loadConfigDefaults(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(configShape).map(([name, schema]) => [name, schema.safeParse(undefined).data]),
  )
}
