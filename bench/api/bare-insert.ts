// The rows of jobs inserted as barely as can be: plain pg, unnest, nothing read or checked.

import type { Pool } from '@scheduler/db/client'
import { newJobId } from '@scheduler/db/queries/create-job'
import { transaction } from '@scheduler/db/transaction'

/** Rows to a statement; twice and half as many were no faster. */
const CHUNK = 1_000

/** The columns that a create writes, with their types. Tags as JSON: unnest would flatten an array of arrays. */
const columns = {
  id: 'uuid',
  type: 'job_type',
  status: 'job_status',
  version: 'int',
  next_run_at: 'timestamptz',
  next_scheduled_for: 'timestamptz',
  cursor_at: 'timestamptz',
  created_at: 'timestamptz',
  updated_at: 'timestamptz',
  callback_url: 'text',
  destination: 'text',
  callback_host: 'text',
  timezone: 'text',
  schedule: 'jsonb',
  policies: 'jsonb',
  name: 'text',
  external_id: 'text',
  tags: 'jsonb',
  delivery: 'jsonb',
  flow_key: 'text',
  payload: 'text',
}
const names = Object.keys(columns)
const types = Object.values(columns)

export type Row = unknown[]

/** The rows of jobs as they are in the table, in the order of `columns`. */
export async function insertedRows(pool: Pool, ids: string[]): Promise<Row[]> {
  const asText = names.map((name) => (name === 'tags' ? 'to_jsonb(tags)::text' : `${name}::text`)).join(', ')
  const query = {
    text: `select ${asText} from jobs where id = any($1::uuid[])`,
    values: [ids],
    rowMode: 'array' as const,
  }
  return (await pool.query<Row>(query)).rows
}

const insertSql = `
  insert into jobs (${names.join(', ')})
  select ${names.map((name) => (name === 'tags' ? 'array(select jsonb_array_elements_text(tags))' : name)).join(', ')}
  from unnest(${types.map((type, i) => `$${i + 1}::${type}[]`).join(', ')}) as r(${names.join(', ')})`

/**
 * Inserts the rows once more, under ids of their own, in one transaction; a chunk is written out while the database is at
 * the one before, as ours are. Returns how long that took, and the CPU of this process, ms.
 */
export async function bareInsert(pool: Pool, rows: Row[]): Promise<{ ms: number; cpu: number }> {
  const fresh = rows.map(([, ...rest]) => [newJobId(), ...rest])
  const [began, before] = [performance.now(), process.cpuUsage()]
  await transaction(pool, async (client) => {
    let last: Promise<unknown> | undefined
    for (let from = 0; from < fresh.length; from += CHUNK) {
      const chunk = fresh.slice(from, from + CHUNK)
      const values = names.map((_, i) => chunk.map((row) => row[i]))
      const inserting = client.query({ name: 'bare-batch', text: insertSql, values })
      inserting.catch(() => {})
      await last
      last = inserting
    }
    await last
  })
  const { user, system } = process.cpuUsage(before)
  return { ms: performance.now() - began, cpu: (user + system) / 1_000 }
}
