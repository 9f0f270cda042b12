// Sends generated requests to an API, several at a time, and judges each answer.

import { watchHoldUps } from '@scheduler/db/test/hold-ups'
import { requestOf } from './generate.ts'
import { judge } from './judge.ts'
import type { World } from './maker.ts'
import { asCommand, type FuzzAnswer, type FuzzRequest } from './request.ts'
import { schemasOf } from './schemas.ts'
import { sender } from './send.ts'
import { type FuzzReport, tally } from './tally.ts'

export interface FuzzOptions {
  world: World
  port: number
  requests: number
  /** How many are under way at a time. */
  atOnce: number
}

/** How often it is asked whether the service still turns to everybody, ms. */
const BEAT_MS = 250

export async function fuzz({ world, port, requests, atOnce }: FuzzOptions): Promise<FuzzReport> {
  const holdUps = watchHoldUps()
  const heldUpMs = (ms: number) => holdUps.longestMs(Date.now() - ms)
  const { faultsOf } = judge(world.document, schemasOf(world.document.source), world.apiKey, heldUpMs)
  const count = tally((request) => asCommand(request, world.apiKey))
  const line = sender(port)
  const beat = watchBeat(port)
  let next = 0

  async function carryOn(): Promise<void> {
    for (let number = next++; number < requests; number = next++) {
      const request = requestOf(number, world)
      const answers = await line.send(request).catch((error: Error) => error)
      if (answers instanceof Error) count.unanswered(request, answers)
      else {
        count.sent(request, answers.length)
        for (const answer of answers) take(request, answer)
      }
    }
  }

  function take(request: FuzzRequest, answer: FuzzAnswer): void {
    count.answered(request, answer, faultsOf(request, answer))
    if (!request.wire && request.method !== 'HEAD') world.memory.learn(request, answer)
  }

  try {
    await Promise.all(Array.from({ length: atOnce }, carryOn))
    return { ...count.report(), slowestBeatMs: beat.slowest(), heldUpMs: holdUps.longestMs() }
  } finally {
    beat.stop()
    line.close()
  }
}

/** How long it takes at the most to be told that the process lives, beside all else. */
function watchBeat(port: number) {
  let slowest = 0
  let asked = 0
  const timer = setInterval(() => {
    if (asked > 0) return
    asked = performance.now()
    fetch(`http://127.0.0.1:${port}/health/live`)
      .then((it) => it.text())
      .catch(() => {
        slowest = Number.POSITIVE_INFINITY
      })
      .finally(() => {
        slowest = Math.max(slowest, performance.now() - asked)
        asked = 0
      })
  }, BEAT_MS)
  return { slowest: () => slowest, stop: () => clearInterval(timer) }
}
