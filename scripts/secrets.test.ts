import { randomBytes } from 'node:crypto'
import { expect, onTestFinished } from 'vitest'
import { deadPort, startReceiver } from '../apps/worker/test/receiver.ts'
import { until } from '../apps/worker/test/until.ts'
import { startWorker } from '../apps/worker/test/worker-process.ts'
import type { Pool } from '../db/src/client.ts'
import { test } from '../db/test/database.ts'
import { headerContext, readKeys, seal } from '../packages/core/src/seal.ts'
import { startApiProcess } from './e2e/api-process.ts'

/** A text that is nowhere else. */
const canary = () => `canary-${randomBytes(9).toString('hex')}`
const bytes = () => randomBytes(32).toString('base64')

/** Every secret that there is, each to be found in the request that it belongs to, and nowhere else. */
const secrets = {
  authorization: canary(),
  tenant: canary(),
  later: canary(),
  refused: canary(),
  lost: canary(),
  ofJob: `whsec_${bytes()}`,
  ofInstance: `whsec_${bytes()}`,
  key: bytes(),
  apiKey: canary(),
}
const env = {
  LOG_LEVEL: 'trace',
  ENCRYPTION_KEYS: `k1:${secrets.key}`,
  SIGNING_SECRET: secrets.ofInstance,
  API_KEYS: secrets.apiKey,
  CALLBACK_ALLOW_PRIVATE: 'true',
  PUBLIC_URL: 'http://scheduler.test',
}

test('no secret is in a log, an answer, a table or a queue, whatever is done with it', async ({
  databaseUrl,
  pool,
}) => {
  const receiver = await startReceiver((it, response) => response.writeHead(it.path === '/fails' ? 500 : 200).end())
  const api = await startApiProcess({ ...env, DATABASE_URL: databaseUrl })
  const worker = await startWorker(databaseUrl, env)
  onTestFinished(async () => {
    worker.kill('SIGKILL')
    await Promise.all([worker.exited, api.kill(), receiver.close()])
  })
  const answers: string[] = []
  const call = async (method: string, path: string, body?: unknown, headers = {}) => {
    const authorization = `Bearer ${secrets.apiKey}`
    const init = { method, headers: { 'content-type': 'application/json', authorization, ...headers } }
    const sent = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await fetch(`${api.url}${path}`, { ...init, ...(body !== undefined && { body: sent }) })
    const text = await answer.text()
    answers.push(`${JSON.stringify([...answer.headers])} ${text}`)
    return { status: answer.status, body: JSON.parse(text) }
  }

  const headers = { authorization: `Bearer ${secrets.authorization}`, 'x-tenant': { secret: secrets.tenant } }
  const common = { days: 1, headers, signing_secrets: [secrets.ofJob], retry: { limit: 0 } }
  const to = (path: string) => ({ ...common, callback_url: `${receiver.origin}${path}` })
  const urls = [to('/ok'), to('/fails'), { ...common, callback_url: `http://127.0.0.1:${await deadPort()}/` }]
  const ids: string[] = []
  for (const fields of urls) {
    const { status, body } = await call('POST', '/jobs/interval', fields, {
      'idempotency-key': randomBytes(9).toString('hex'),
    })
    expect(status, JSON.stringify(body)).toBe(201)
    ids.push(body.job_id)
  }
  const [ok = '', fails = '', away = ''] = ids
  const upsert = { ...to('/ok'), external_id: 'e' }
  for (let i = 0; i < 2; i += 1) await call('POST', '/jobs/interval?upsert=true', upsert)
  await call('POST', '/jobs/interval?dry_run=true', to('/ok'))
  await call('POST', '/jobs/batch', [{ type: 'interval', ...to('/ok') }])
  await call('PATCH', `/jobs/${away}`, { headers: { 'x-later': { secret: secrets.later } } })
  await call('PUT', `/jobs/interval/${fails}`, { headers: { ...headers, 'x-tenant': '***' } })
  const bad = {
    ...to('/ok'),
    headers: { host: secrets.refused, cookie: `${secrets.refused}\n`, 'x-a': [secrets.refused] },
  }
  for (const body of [
    bad,
    { ...bad, headers: { 'x-a': [secrets.refused] } },
    { ...bad, signing_secrets: [secrets.refused] },
  ]) {
    expect((await call('POST', '/jobs/interval', body)).status).toBe(422)
  }
  expect((await call('POST', '/jobs/interval', `{"headers": {"cookie": ${secrets.refused}}}`)).status).toBe(400)

  // One that was sealed under a key which nobody has any more.
  const { job_id: locked } = (await call('POST', '/jobs/interval', { days: 1, callback_url: urls[0]?.callback_url }))
    .body
  const sealed = seal(readKeys([`k0:${bytes()}`]), headerContext(locked, 'x-lost'), secrets.lost)
  const delivery = { headers: [{ name: 'x-lost', sealed }] }
  await pool.query('update jobs set delivery = $2 where id = $1', [locked, delivery])

  for (const id of [...ids, locked]) expect((await call('POST', `/jobs/${id}/run`)).status).toBe(202)
  await until('three executions to end, and the fourth to wait', async () => {
    const { rows } = await pool.query<{ n: number }>(
      `select count(*)::int as n from executions where finished_at is not null or reason = 'secret_unavailable'`,
    )
    return rows[0]?.n === 4
  })
  for (const path of ['/jobs', `/jobs/${ok}`, '/executions', `/jobs/${fails}/explain`, '/circuits'])
    await call('GET', path)
  await call('DELETE', `/jobs/${ok}`)

  const [arrived] = receiver.of('/ok')
  expect(arrived?.headers).toMatchObject({ authorization: headers.authorization, 'x-tenant': secrets.tenant })
  expect(worker.output).toContain('secret not opened')
  const places = { api: api.output(), worker: worker.output, answers: answers.join('\n'), database: await dump(pool) }
  for (const [place, text] of Object.entries(places)) expect(text.length, place).toBeGreaterThan(1_000)
  // Not even the beginning of one.
  for (const [place, text] of Object.entries(places)) expect(text.includes('canary-'), place).toBe(false)
  for (const [name, secret] of Object.entries(secrets)) {
    for (const [place, text] of Object.entries(places)) {
      for (const form of formsOf(secret)) expect(text.includes(form), `${name} in ${place}`).toBe(false)
    }
  }
})

/** As it is, and as something that would only have encoded it. */
function formsOf(secret: string): string[] {
  const raw = Buffer.from(secret)
  const plain = secret.replace('whsec_', '')
  return [
    plain,
    raw.toString('base64').replace(/=*$/, ''),
    raw.toString('base64url'),
    raw.toString('hex'),
    encodeURIComponent(plain),
  ]
}

/** Every row of every table, ours and those of the queue. */
async function dump(pool: Pool): Promise<string> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'pgboss')`,
  )
  const texts: string[] = []
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`)
    texts.push(name, ...rows.map(({ row }) => row))
  }
  return texts.join('\n')
}
