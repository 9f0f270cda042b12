import type { Event } from '@scheduler/core/event'
import type { PoolClient } from '../client.ts'
import type { NewNotification } from './notifications.ts'

/** URLs that are told of one change of a circuit, at the most. */
export const MOST_TOLD = 1_000

/** What is told of circuits: to the instance's URL, and once to each of those that jobs of the destination gave. */
export async function circuitNotifications(
  client: PoolClient,
  events: Event[],
  instanceUrl: string | null,
): Promise<NewNotification[]> {
  const all: NewNotification[] = []
  for (const { type, destination, at, data } of events) {
    if ((type !== 'circuit.opened' && type !== 'circuit.closed') || destination === null) continue
    const notice = { type, at, data: { destination, ...data } }
    if (instanceUrl !== null) all.push({ ...notice, jobId: null, url: instanceUrl, toInstance: true })
    const jobs = await jobsToTell(client, destination, type)
    for (const { jobId, url } of jobs.filter((it) => it.url !== instanceUrl)) {
      all.push({ ...notice, jobId, url, toInstance: false })
    }
  }
  return all
}

const URL_OF = `(j.delivery -> 'notify') ->> 'url'`
const ASKS = `j.destination = $1 and j.deleted_at is null and (j.delivery -> 'notify') is not null
  and ${URL_OF} is not null and coalesce(j.delivery -> 'notify' -> 'events' ? $2, true)`

/**
 * The URLs that jobs of a destination have told of such events, each with one of its jobs. It hops from one to the next in
 * `jobs_to_tell`, so it costs as much as there are URLs, however many jobs share them.
 */
async function jobsToTell(client: PoolClient, destination: string, type: string) {
  const { rows } = await client.query<{ jobId: string; url: string }>({
    name: 'jobs-to-tell',
    text: `
      with recursive hop as (
        (select j.id, ${URL_OF} as url, md5(${URL_OF}) as digest, 1 as n from jobs j where ${ASKS}
         order by md5(${URL_OF}) limit 1)
        union all
        select next.id, next.url, next.digest, hop.n + 1 from hop cross join lateral (
          select j.id, ${URL_OF} as url, md5(${URL_OF}) as digest from jobs j
          where ${ASKS} and md5(${URL_OF}) > hop.digest order by md5(${URL_OF}) limit 1) as next
        where hop.n < $3)
      select id as "jobId", url from hop`,
    values: [destination, type, MOST_TOLD],
  })
  return rows
}
