import { wait } from '../../bench/until.ts'
import { ask } from './service.ts'

/** How often each repeating job is due, ms. */
export const EVERY_MS = 1_000
const CREATE_EVERY_MS = 50
const DUE_IN_MS = 1_000

export interface Asked {
  /** Due at `start`, and every second from then on. */
  repeating: { id: string; start: number }[]
  /** Those whose create was answered. */
  once: { id: string; at: number }[]
  /** How often each answer came; that of an error by its message. */
  answers: Record<string, number>
}

/**
 * Creates jobs as a client of the release before would, with what it knew: `count` repeating ones now, none of whose occurrences is left
 * out when late, and one-time jobs until it is stopped.
 */
export async function startCreating(origin: string, callbackOrigin: string, count: number) {
  let api = origin
  let stopped = false
  const start = Math.ceil((Date.now() + 2_000) / 1_000) * 1_000
  const asked: Asked = { repeating: [], once: [], answers: {} }
  const body = { seconds: EVERY_MS / 1_000, start_date: new Date(start).toISOString(), misfire: { policy: 'all' } }
  for (let n = 0; n < count; n += 1) {
    const job = await ask(api, 'POST', 'jobs/interval', { ...body, callback_url: `${callbackOrigin}/repeating/${n}` })
    asked.repeating.push({ id: String(job.job_id), start })
  }

  const createOnce = async () => {
    const at = Date.now() + DUE_IN_MS
    const text = JSON.stringify({ schedule_time: new Date(at).toISOString(), callback_url: `${callbackOrigin}/once` })
    const headers = { 'content-type': 'application/json' }
    try {
      const answer = await fetch(`${api}/jobs`, { method: 'POST', headers, body: text })
      count1(asked.answers, String(answer.status))
      if (answer.ok) asked.once.push({ id: String(((await answer.json()) as { job_id: string }).job_id), at })
    } catch (error) {
      count1(asked.answers, String((error as Error).cause ?? error))
    }
  }
  let asking = Promise.resolve()
  const creating = (async () => {
    while (!stopped) {
      asking = createOnce()
      await asking
      await wait(CREATE_EVERY_MS)
    }
  })()
  return {
    /**
     * Asks another API from the next request on, as clients behind a load balancer; resolves when the one that is under way is answered.
     * A request that meets the closing of its connection is neither answered nor repeated: it may have been carried out.
     */
    async lead(to: string) {
      api = to
      await asking
    },
    async stop(): Promise<Asked> {
      stopped = true
      await creating
      return asked
    },
  }
}

function count1(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1
}
