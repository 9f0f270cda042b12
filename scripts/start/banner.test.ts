import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { banner, publicUrlOf } from './banner.ts'
import { readSettings } from './settings.ts'

function curlOf(text: string): string {
  return (
    text
      .split('\n')
      .find((line) => line.trim().startsWith('curl'))
      ?.trim() ?? ''
  )
}

test('the printed curl, pasted into a shell, posts a job that is due two seconds ahead', () => {
  const curl = curlOf(banner(readSettings({ PORT: '9999' }), 'embedded', null, 'linux'))
  const { stdout } = spawnSync('bash', ['-c', `curl() { printf '%s\\n' "$@"; }; ${curl}`], { encoding: 'utf8' })
  const args = stdout.trim().split('\n')
  const { schedule_time, ...body } = JSON.parse(args.at(-1) ?? '')
  expect(args).toContain('http://127.0.0.1:9999/jobs')
  expect(body).toEqual({ callback_url: 'http://127.0.0.1:9999/callback/test', payload: { hello: 'world' } })
  expect(schedule_time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  const aheadMs = Date.parse(schedule_time) - Date.now()
  expect(aheadMs).toBeGreaterThan(0)
  expect(aheadMs).toBeLessThanOrEqual(2000)
})

test('macOS has another date', () => {
  expect(curlOf(banner(readSettings({}), 'embedded', null, 'darwin'))).toContain('date -u -v+2S')
})

test('a key is asked for but never printed', () => {
  const text = banner(readSettings({ API_KEYS: 'top-secret' }), 'embedded', null, 'linux')
  expect(text).not.toContain('top-secret')
  expect(curlOf(text)).toContain('-H "authorization: Bearer $API_KEY"')
})

test('where the test endpoint is off it says so instead', () => {
  const text = banner(readSettings({ API_KEYS: 'k', NODE_ENV: 'production' }), 'embedded', null, 'linux')
  expect(curlOf(text)).toBe('')
  expect(text).toContain('ENABLE_TEST_ENDPOINTS')
})

test.for([
  [{}, 'to any address, private ones too'],
  [{ CALLBACK_ALLOW_PRIVATE: 'false' }, 'to public addresses only\n'],
  [
    { CALLBACK_ALLOW_PRIVATE: 'false', CALLBACK_ALLOW_CIDRS: '10.0.0.0/8', CALLBACK_ALLOW_HOSTS: 'Intern.example' },
    'to public addresses only, and to 10.0.0.0/8, intern.example\n',
  ],
] as const)('it says which addresses may be called: %j', ([env, said]) => {
  expect(banner(readSettings(env), 'embedded', null)).toContain(said)
})

test('it says where the key of secrets is kept, and never the key', () => {
  const key = Buffer.alloc(32, 1).toString('base64')
  const settings = readSettings({ ENCRYPTION_KEYS: `k1:${key}`, SIGNING_SECRET: `whsec_${key}` })
  expect(banner(settings, 'embedded', '/data/encryption-keys')).toContain('the key in /data/encryption-keys')
  expect(banner(settings, 'embedded', null)).toContain('kept under ENCRYPTION_KEYS')
  expect(banner(settings, 'embedded', null)).not.toContain(key)
})

test.for([
  [{}, 'http://127.0.0.1:8008'],
  [{ PORT: '9000', HOST: '::1' }, 'http://[::1]:9000'],
  [{ API_KEYS: 'k' }, undefined],
  [{ API_KEYS: 'k', HOST: '0.0.0.0' }, undefined],
  [{ API_KEYS: 'k', PUBLIC_URL: 'https://scheduler.example' }, 'https://scheduler.example'],
] as const)('whoever can reach it is told where, never to come to a loopback of his own: %j', ([env, url]) => {
  const settings = readSettings(env)
  expect(publicUrlOf(settings)).toBe(url)
  expect(banner(settings, 'embedded', null).includes('set PUBLIC_URL')).toBe(url === undefined)
})
