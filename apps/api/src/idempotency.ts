import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { invalid, Problem } from '@scheduler/core/problem'
import type { Pool, PoolClient } from '@scheduler/db/client'
import { storeAnswer, takeKey, type UsedKey } from '@scheduler/db/queries/idempotency'
import { transaction } from '@scheduler/db/transaction'
import { databaseNow } from './database-now.ts'
import type { Answer, AnyRoute, Deps } from './route.ts'

/** A request that is to be carried out once, however often it is sent. */
export interface Idempotency {
  key: string
  /** SHA-256 of what was asked for, hexadecimal. */
  fingerprint: string
  /** Status of an answer that names none. */
  status: number
}

const VISIBLE = /^[\x21-\x7e]{1,255}$/

/**
 * What the `Idempotency-Key` header of a request asks for; null without one, and on a route that knows none.
 *
 * @param body as parsed: white space makes no other request, another order of keys does
 * @throws Problem `validation-failed`
 */
export function idempotencyOf(
  request: { headers: IncomingHttpHeaders; method: string; originalUrl: string },
  body: unknown,
  { idempotent, answer }: Pick<AnyRoute, 'idempotent' | 'answer'>,
): Idempotency | null {
  const key = request.headers['idempotency-key']
  if (!idempotent || key === undefined) return null
  if (typeof key !== 'string' || !VISIBLE.test(key)) {
    throw invalid([{ path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }])
  }
  const asked = `${request.method} ${request.originalUrl}\n${JSON.stringify(body)}`
  return { key, fingerprint: createHash('sha256').update(asked).digest('hex'), status: answer.status }
}

/**
 * Answers with what `work` does, or, where a request with the key was answered before, with that answer. The key, what
 * `work` writes and the answer are one transaction: of any number of equal requests one is carried out, and the others
 * wait for it. A refusal stores nothing. Without a key `work` runs on the pool, in statements of its own.
 *
 * @param work must write on what it is given, and ask the pool for no other connection: those that wait may hold all
 * @throws Problem `idempotency-key-reused`, and what `work` throws
 */
export async function idempotently(
  idempotency: Idempotency | null,
  deps: Deps,
  work: (on: Pool | PoolClient) => Promise<Answer>,
): Promise<Answer> {
  // From here on the clock knows the time, and need not ask the pool for it while a transaction is open.
  await databaseNow(deps)
  if (!idempotency) return await work(deps.pool)
  const { key, fingerprint, status } = idempotency
  return await transaction(deps.pool, async (client) => {
    const used = await takeKey(client, key, fingerprint)
    if (used) return replay(used, idempotency)
    const answer = await work(client)
    const text = answer.text ?? JSON.stringify(answer.body)
    await storeAnswer(client, key, { status: answer.status ?? status, headers: answer.headers ?? {}, body: text })
    return { ...answer, text }
  })
}

function replay(used: UsedKey, { key, fingerprint }: Idempotency): Answer {
  if (used.fingerprint !== fingerprint) {
    const detail = `The Idempotency-Key ${JSON.stringify(key)} was used for another request within the last 24 hours; use a new key.`
    throw new Problem('idempotency-key-reused', detail)
  }
  const headers = { ...used.headers, 'idempotency-replayed': 'true' }
  return { status: used.status, headers, body: JSON.parse(used.body), text: used.body }
}
