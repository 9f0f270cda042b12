// How the clients of a run ask: until they are answered, and counting how.
import { wait } from '../bench/until.ts'

/** Longer than the API may take for any answer: what lasts longer counts as hung. */
const HUNG_MS = 15_000
const AGAIN_MS = 100

export interface Said {
  status: number
  body: unknown
  /** Whether it was asked before and not answered, or with a 5xx: it may have been done then. */
  isRepeated: boolean
}

export interface Calls {
  /**
   * Asks until it is answered with a success or a refusal.
   *
   * @returns null where the clients were stopped before, so that nobody knows whether it was done
   */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Said | null>
  answers(): Record<string, number> & { slowestMs: number }
  /** What was refused though nothing was wrong with it: `PATCH /jobs/{id}: 412 …`. */
  refused: string[]
  /** What is unanswered by then is given up. */
  stop(): void
}

/**
 * @param origin where the API is now; a restarted one is somewhere else
 * @param isRefusal whether an answer of 4xx is one that the client has to expect
 */
export function startCalls(origin: () => string, isRefusal: (method: string, said: Said) => boolean): Calls {
  const counts: Record<string, number> = {}
  const refused: string[] = []
  let slowestMs = 0
  let stopped = false
  const count = (how: string) => {
    counts[how] = (counts[how] ?? 0) + 1
  }

  async function once(method: string, path: string, init: RequestInit): Promise<Omit<Said, 'isRepeated'> | null> {
    const began = performance.now()
    try {
      const answer = await fetch(origin() + path, { ...init, method, signal: AbortSignal.timeout(HUNG_MS) })
      const text = await answer.text()
      slowestMs = Math.max(slowestMs, performance.now() - began)
      const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json')
      count(answer.ok ? 'ok' : isProblem ? `${answer.status}` : `${answer.status} without a problem`)
      return { status: answer.status, body: text ? JSON.parse(text) : null }
    } catch (error) {
      count(unansweredAs(error))
      return null
    }
  }

  return {
    async ask(method, path, body, headers = {}) {
      const init = {
        headers: { 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }
      for (let tries = 1; !stopped; tries += 1) {
        const answer = await once(method, path, init)
        if (answer && answer.status < 500) {
          const said = { ...answer, isRepeated: tries > 1 }
          if (said.status >= 400 && !isRefusal(method, said)) refused.push(sayRefusal(method, path, said))
          return said
        }
        await wait(AGAIN_MS)
      }
      return null
    },
    answers: () => Object.assign({ ...counts }, { slowestMs }) as Record<string, number> & { slowestMs: number },
    refused,
    stop() {
      stopped = true
    },
  }
}

/** `hung`, or that no process was there to answer: only the first is the API's fault. */
function unansweredAs(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'hung'
  return 'no answer'
}

function sayRefusal(method: string, path: string, { status, body }: Said): string {
  const { title = '', detail = '' } = (body ?? {}) as { title?: string; detail?: string }
  return `${method} ${path.replaceAll(/[0-9a-f-]{36}/g, '{id}')}: ${status} ${title} ${detail}`.trim()
}
