// What the API is held against, in a process of its own. argv: `drizzle`: express with zod and the query builder, which validates
// a body of the same size, inserts the same row and answers as much; `pg`: node:http and a prepared insert by pg; `none`:
// node:http that answers as much and does nothing. DATABASE_URL as the API has it. Prints `ready <port>`.
import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDb, createPool } from '@scheduler/db/client'
import { type NewJob, newJobId } from '@scheduler/db/queries/create-job'
import { jobs } from '@scheduler/db/schema/jobs'
import express from 'express'
import { z } from 'zod'

/** As many connections as the API has. */
const pool = createPool(process.env.DATABASE_URL ?? '', { max: 10, name: 'bare' })
const db = createDb(pool)

const Body = z.strictObject({
  schedule_time: z.iso.datetime({ offset: true }),
  callback_url: z.url().max(2_048),
  timezone: z.string().max(100),
  name: z.string().min(1).max(200),
  tags: z.array(z.string().min(1).max(64)).max(50),
  payload: z.record(z.string(), z.unknown()),
})

/** The row that the API stores for the same body. */
function rowOf(body: z.infer<typeof Body>): NewJob {
  const { origin, hostname } = new URL(body.callback_url)
  const at = new Date(body.schedule_time)
  return {
    ...{ id: newJobId(), type: 'once', nextRunAt: at, nextScheduledFor: at, cursorAt: new Date() },
    ...{ callbackUrl: body.callback_url, destination: origin, callbackHost: hostname, timezone: body.timezone },
    ...{ schedule: { type: 'once', at: body.schedule_time }, policies: {}, name: body.name, externalId: null },
    ...{ tags: body.tags, payload: JSON.stringify(body.payload), delivery: null, flowKey: null, retention: null },
  }
}

/** Makes an answer as long as the API's. */
const padding = 'x'.repeat(Number(process.argv[3] ?? 0))
const answerOf = (row: NewJob) => ({ ...row, padding })

function drizzleServer(): RequestListener {
  const app = express()
  app.use(express.json())
  app.post('/jobs', async (req, res) => {
    const read = Body.safeParse(req.body)
    if (!read.success) return void res.status(422).json(read.error.issues)
    const row = rowOf(read.data)
    const now = new Date()
    await db.insert(jobs).values({ ...row, status: 'active', version: 1, createdAt: now, updatedAt: now })
    res.status(201).json(answerOf(row))
  })
  return app
}

const insertSql = `
  insert into jobs (id, type, status, version, next_run_at, next_scheduled_for, cursor_at, created_at, updated_at,
    callback_url, destination, callback_host, timezone, schedule, policies, name, external_id, tags, payload)
  values ($1, $2, 'active', 1, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`

async function insert(row: NewJob): Promise<void> {
  const { id, type, nextRunAt, nextScheduledFor, cursorAt, callbackUrl, destination, callbackHost, timezone } = row
  const when = [id, type, nextRunAt, nextScheduledFor, cursorAt, new Date()]
  const where = [callbackUrl, destination, callbackHost, timezone, JSON.stringify(row.schedule), '{}']
  const values = [...when, ...where, row.name, row.externalId, row.tags, row.payload]
  await pool.query({ name: 'bare-insert', text: insertSql, values })
}

/** @param work returns what is answered */
function plainServer(work: (text: string) => unknown): RequestListener {
  return async (req, res) => {
    let text = ''
    for await (const chunk of req.setEncoding('utf8')) text += chunk
    const answer = JSON.stringify(await work(text))
    res.writeHead(201, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) }).end(answer)
  }
}

const servers: Record<string, () => RequestListener> = {
  drizzle: drizzleServer,
  pg: () =>
    plainServer(async (text) => {
      const row = rowOf(JSON.parse(text))
      await insert(row)
      return answerOf(row)
    }),
  none: () => plainServer(() => ({ id: randomUUID(), padding })),
}

const server = createServer((servers[process.argv[2] ?? ''] ?? drizzleServer)()).listen(0, '127.0.0.1', () => {
  console.log(`ready ${(server.address() as AddressInfo).port}`)
})
process.on('disconnect', () => process.exit(0))
