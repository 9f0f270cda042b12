import type { NewJob } from '@scheduler/core/job'
import { createDb, type PoolClient } from '@scheduler/db/client'
import { getJob } from '@scheduler/db/queries/jobs'
import { lockExternalId } from '@scheduler/db/queries/lock-external-id'
import { rehearse } from '@scheduler/db/queries/rehearse'
import type { JobRow } from '@scheduler/db/schema/jobs'
import type { z } from 'zod'
import type { CreateQuery } from './create-through.ts'
import { databaseNow } from './database-now.ts'
import { dryRunAnswer } from './dry-run.ts'
import { createFrom } from './new-job.ts'
import type { Answer, Deps, Input } from './route.ts'
import { upsertFrom } from './upsert.ts'

/** Answers with what a create, or the edit that `upsert` makes of it, would come to. An idempotency key is not used up. */
export async function rehearseCreate(
  { query, body, headers }: Input<z.infer<typeof CreateQuery>, NewJob>,
  deps: Deps,
): Promise<Answer> {
  const now = await databaseNow(deps)
  const rehearsed = await rehearse(deps.pool, async (client) => {
    const upsert = query.upsert === 'true'
    const before = upsert && body.external_id ? await jobWith(body.external_id, client) : null
    const made = upsert ? upsertFrom(body, headers['if-match'], client, deps) : createFrom(body, client, deps)
    const { job_id: id } = (await made).body as { job_id: string }
    return { id, before, now }
  })
  return await dryRunAnswer(rehearsed, deps)
}

async function jobWith(externalId: string, client: PoolClient): Promise<JobRow | null> {
  const found = await lockExternalId(client, externalId)
  return found && (await getJob(createDb(client), found.id))
}
