import type { Notify, NotifyEvent } from './delivery.ts'

/** Something that is worth telling, before it is known to whom. */
export interface Notice {
  type: NotifyEvent
  at: Date
  /** The job it is about; null for a circuit's. */
  jobId: string | null
  /** What is told of it: neither a payload nor a secret. */
  data: Record<string, unknown>
}

/** Whom a notice is told. */
export interface Recipient {
  url: string
  /** Whether that is the instance's URL, whose secrets then sign. */
  toInstance: boolean
}

/** Whether a job's URL is told of such events. */
export const wants = ({ events }: Notify, type: NotifyEvent): boolean => events?.includes(type) ?? true

/** The instance's URL is told of everything, a job's of what it asks for; one that is both is told once, as the instance's. */
export function recipientsOf(type: NotifyEvent, notify: Notify | null, instanceUrl: string | null): Recipient[] {
  const instance = instanceUrl === null ? [] : [{ url: instanceUrl, toInstance: true }]
  const job =
    notify && notify.url !== instanceUrl && wants(notify, type) ? [{ url: notify.url, toInstance: false }] : []
  return [...instance, ...job]
}

/** The body of a notification. */
export function bodyOf({ type, at, data }: Notice): string {
  return JSON.stringify({ type, timestamp: at.toISOString(), data })
}
