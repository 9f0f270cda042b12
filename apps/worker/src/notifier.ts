import { SealError } from '@scheduler/core/seal'
import type { Pool } from '@scheduler/db/client'
import type { DbClock } from '@scheduler/db/db-clock'
import {
  type ClaimedNotification,
  claimNotifications,
  type NotificationOutcome,
  settleNotifications,
} from '@scheduler/db/queries/due-notifications'
import type { Logger } from 'pino'
import type { CallbackClient, Sending } from './callback-client.ts'
import { notificationOutcome, notificationRequest, sealedOutcome } from './notification-of.ts'
import type { Secrets } from './secrets.ts'
import { createTrouble } from './trouble.ts'
import { createWake } from './wake.ts'

/**
 * Notifications in flight per worker, and of these to one destination. One whose last attempt failed has a place less: as many
 * as there are places may hang before they are in the way of the others.
 */
const PLACES = 50
const PLACES_OF_EACH = 2

/** Destinations that are remembered as failing, the latest: each claim is told of them. */
const REMEMBERED = 200

export interface NotifierParts {
  pool: Pool
  clock: DbClock
  client: CallbackClient
  secrets: Secrets
  log: Logger
}

export interface Notifier {
  /** Notifications may be due. */
  wake(): void
  /** Begins no more, and waits for those in flight; breaks off what is left after `timeoutMs`, for others to send. */
  stop(timeoutMs: number): Promise<void>
}

/** Sends notifications. A destination that is slow or dead has two places at the most, then one, and is in nobody's way. */
export function startNotifier(parts: NotifierParts): Notifier {
  const { wake, sleep } = createWake()
  const trouble = createTrouble(parts.log, 'notifying')
  const flying = new Map<string, { destination: string; abort(): void }>()
  /** Destinations whose last attempt failed. */
  const failing = new Set<string>()
  let outcomes: NotificationOutcome[] = []
  let cursor = ''
  let stopped = false
  let givenUp = false

  const fly = (it: ClaimedNotification) => {
    const sending = send(parts, it)
    flying.set(it.id, { destination: it.destination, abort: sending.abort })
    void sending.outcome.then((outcome) => {
      flying.delete(it.id)
      if (outcome.end !== 'uncounted') failing.delete(it.destination)
      if (outcome.end === 'again' || outcome.end === 'failed') failing.add(it.destination)
      for (const longest of failing) if (failing.size > REMEMBERED) failing.delete(longest)
      outcomes.push(outcome)
      wake()
    })
  }

  const write = async () => {
    const ended = outcomes
    outcomes = []
    await settleNotifications(parts.pool, ended).catch((error: unknown) => {
      outcomes.push(...ended)
      throw error
    })
  }

  /** Begins what is due, from the destination after the latest on and around, so that each has its turn. */
  const begin = async () => {
    for (const [after, upTo] of cursor === ''
      ? [['', null] as const]
      : [[cursor, null] as const, ['', cursor] as const]) {
      const limit = PLACES - flying.size
      if (limit === 0 || stopped) return
      // One that fails counts as in flight once more than it is.
      const taken = [...failing, ...[...flying.values()].map(({ destination }) => destination)]
      const inFlight = countBy(taken, (destination) => destination)
      const claimed = await claimNotifications(parts.pool, { limit, mostOfEach: PLACES_OF_EACH, inFlight, after, upTo })
      for (const it of claimed) fly(it)
      cursor = claimed.at(-1)?.destination ?? cursor
    }
  }

  const isOver = () => stopped && (givenUp || flying.size + outcomes.length === 0)

  const loop = async () => {
    while (!isOver()) {
      try {
        await write()
        if (!stopped) await begin()
        trouble.worked()
        if (!isOver()) await sleep(60_000)
      } catch (error) {
        trouble.failed(error)
        await sleep(trouble.pauseMs)
      }
    }
  }
  const running = loop()

  return {
    wake,
    async stop(timeoutMs) {
      stopped = true
      wake()
      const timer = setTimeout(() => {
        for (const { abort } of flying.values()) abort()
      }, timeoutMs)
      // A database that is away keeps nobody from leaving: what it is not told is attempted again.
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, timeoutMs + 5_000).unref())])
      givenUp = true
      clearTimeout(timer)
    },
  }
}

/** One attempt; `outcome` never rejects. */
function send({ clock, client, secrets, log }: NotifierParts, it: ClaimedNotification) {
  const { id, type, jobId, destination, attempt } = it
  let sending: Sending
  try {
    sending = client.send(notificationRequest(it, clock.now(), secrets))
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    log.error({ notificationId: id, jobId, reason: error.message }, 'secret not opened')
    return { outcome: Promise.resolve(sealedOutcome(it, clock.now().getTime())), abort() {} }
  }
  const outcome = sending.answer.then((answer) => {
    const ended = notificationOutcome(it, answer, clock.now().getTime())
    const { status, error } = ended
    const fields = { notificationId: id, type, jobId, destination, attempt, status, error: error ?? undefined }
    if (ended.end === 'delivered') log.info(fields, 'notification delivered')
    else log.warn({ ...fields, isLast: ended.end === 'failed' }, 'notification failed')
    return ended
  })
  return { outcome, abort: sending.abort }
}

function countBy<T>(items: T[], keyOf: (item: T) => string): Map<string, number> {
  return new Map([...Map.groupBy(items, keyOf)].map(([key, group]) => [key, group.length]))
}
