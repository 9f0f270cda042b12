import { deepEqual, equal, ok } from 'node:assert/strict'
import { instant, shift, until } from './times.ts'

export interface SmokeTarget {
  /** Where the API is, seen from here. */
  readonly url: string
  /** Null where the API asks for none. */
  readonly apiKey: string | null
  /** Where its workers reach a receiver that answers 200: its own test endpoint as they see it. */
  readonly callbackUrl: string
}

/** What it does, the longest it may take in seconds, and how it is done. */
export type SmokeCheck = readonly [name: string, seconds: number, run: () => Promise<void>]

interface Answer<Body> {
  readonly status: number
  readonly body: Body
}

interface Job {
  job_id: string
  status: string
  schedule_time: string | null
  timezone: string
}

interface Execution {
  scheduled_for: string
  state: string
  attempts: { outcome: string }[]
}

interface Preview {
  occurrences: { utc: string }[]
}

interface ProblemBody {
  errors?: { path: string }[]
}

/** What any running stack has to pass, whatever it runs on. No check builds on another; the last removes what they made. */
export function smokeChecks({ url, apiKey, callbackUrl }: SmokeTarget): SmokeCheck[] {
  const made: string[] = []
  const base = { callback_url: callbackUrl, payload: { from: 'smoke' } }
  const key: Record<string, string> = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }

  const withoutKey: SmokeCheck[] = [
    [
      'without a key, or with a wrong one, the answer is 401',
      10,
      async () => {
        equal((await call('GET', '/jobs', undefined, {})).status, 401)
        equal((await call('GET', '/jobs', undefined, { authorization: 'Bearer wrong' })).status, 401)
      },
    ],
  ]

  return [
    [
      'it is healthy: the database answers and a worker beats',
      60,
      () => until(async () => (await health()).body.status === 'healthy'),
    ],
    ...(apiKey === null ? [] : withoutKey),
    [
      'a one-time job two seconds ahead is sent, once',
      40,
      async () => {
        const at = await serverTime(2_000)
        const { job_id: id } = await create('/jobs', { ...base, schedule_time: at })
        await allSucceed(id, [at])
        equal((await job(id)).status, 'completed')
      },
    ],
    [
      'an interval job sends each occurrence to its end, once',
      60,
      async () => {
        const start = await serverTime(2_000)
        const times = [0, 1, 2, 3, 4].map((second) => shift(start, second * 1_000))
        // Every one, however slow the machine: by default one is left out while the one before it is not finished.
        const body = { ...base, seconds: 1, start_date: start, end_date: times.at(-1), overlap: 'allow' }
        const { job_id: id } = await create('/jobs/interval', body)
        await allSucceed(id, times)
        deepEqual(pick(await job(id)), { status: 'completed', schedule_time: null })
      },
    ],
    [
      'a cron job is sent when its preview said, and its explanation says so',
      60,
      async () => {
        const rule = { cron: '*/2 * * * * *', start_date: await serverTime(2_000), max_runs: 2, timezone: 'GMT+7' }
        const foreseen = await expect<Preview>(200, 'POST', '/schedules/preview', { type: 'cron', ...rule })
        const { job_id: id } = await create('/jobs/cron', { ...base, ...rule, overlap: 'allow' })
        const times = foreseen.occurrences.map(({ utc }) => utc)
        await allSucceed(id, times)
        for (const at of times) {
          const { outcome } = await expect<{ outcome: string }>(200, 'GET', `/jobs/${id}/explain?at=${at}`)
          equal(outcome, 'succeeded')
        }
      },
    ],
    [
      'times are shown in the zone that is asked for',
      10,
      async () => {
        const at = await serverTime(3_600_000)
        const { job_id: id } = await create('/jobs', { ...base, schedule_time: at })
        const shown = await job(id, '?convert_to=GMT%2B7')
        equal(shown.timezone, 'GMT+7')
        ok(shown.schedule_time?.endsWith('+07:00'), `${shown.schedule_time} is not at +07:00`)
        equal(instant(shown.schedule_time), instant(at))
      },
    ],
    [
      'a job is paused, resumed and deleted',
      10,
      async () => {
        const { job_id: id } = await create('/jobs/interval', { ...base, hours: 1 })
        deepEqual(pick(await expect<Job>(200, 'POST', `/jobs/${id}/pause`)), { status: 'paused', schedule_time: null })
        const resumed = await expect<Job>(200, 'POST', `/jobs/${id}/resume`)
        equal(resumed.status, 'active')
        ok(resumed.schedule_time, 'resumed, it has no next run')
        const gone = await expect(200, 'DELETE', `/jobs/${id}`)
        deepEqual(gone, { message: 'Job deleted successfully' })
        await expect(404, 'GET', `/jobs/${id}`)
      },
    ],
    [
      'a bad request is told each field that is at fault',
      10,
      async () => {
        const body = { ...base, callback_url: 'nowhere', schedule_time: 'soon' }
        const { errors = [] } = await expect<ProblemBody>(422, 'POST', '/jobs', body)
        deepEqual(errors.map(({ path }) => path).sort(), ['callback_url', 'schedule_time'])
      },
    ],
    [
      'nothing of it is left in the list of jobs',
      10,
      async () => {
        for (const id of made) await call('DELETE', `/jobs/${id}`)
        for (const id of made) await expect(404, 'GET', `/jobs/${id}`)
      },
    ],
  ]

  async function call<Body>(method: string, path: string, body?: object, headers = key): Promise<Answer<Body>> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as Body }
  }

  async function expect<Body>(status: number, method: string, path: string, body?: object): Promise<Body> {
    const answer = await call<Body>(method, path, body)
    equal(answer.status, status, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  async function create(path: string, body: object): Promise<Job> {
    const created = await expect<Job>(201, 'POST', path, body)
    made.push(created.job_id)
    return created
  }

  function job(id: string, query = ''): Promise<Job> {
    return expect<Job>(200, 'GET', `/jobs/${id}${query}`)
  }

  function health() {
    return call<{ status: string; timestamp: string }>('GET', '/health', undefined, {})
  }

  /** A time from now, by the clock of the API: the one here may be off. */
  async function serverTime(inMs: number): Promise<string> {
    return shift((await health()).body.timestamp, inMs)
  }

  /** Waits for as many executions, then holds each to its time, its outcome and a single request. */
  async function allSucceed(id: string, times: string[]): Promise<void> {
    let executions: Execution[] = []
    await until(async () => {
      executions = await expect<Execution[]>(200, 'GET', `/jobs/${id}/executions`)
      return executions.filter(({ state }) => state !== 'queued' && state !== 'running').length >= times.length
    })
    const seen = executions.map((it) => [instant(it.scheduled_for), it.state, it.attempts.length])
    deepEqual(
      seen.sort(),
      times.map((time) => [instant(time), 'succeeded', 1]),
    )
  }
}

const pick = ({ status, schedule_time }: Job) => ({ status, schedule_time })
