import { notifyEvents } from '@scheduler/core/delivery'

/** How the requests of a job are made that says nothing of it, as it is answered. */
export const plainDelivery = {
  body: null,
  method: 'POST',
  headers: {},
  timeout_seconds: 10,
  success: ['2xx'],
  retry: {
    limit: 3,
    min_backoff_seconds: 10,
    max_backoff_seconds: 3_600,
    factor: 2,
    jitter: 0.2,
    max_age_seconds: 86_400,
    stop_at_next: false,
  },
  pause_after_failures: null,
  async: null,
  notify: null,
  flow_key: null,
  signing: { secrets: 0 },
}

/** A patch of it, and what a job then answers. */
export const patientDelivery = {
  method: 'PUT',
  headers: { 'x-tenant': 'acme', authorization: { secret: 'Bearer of-the-receiver' } },
  timeout_seconds: 60,
  success: ['2xx', '409'],
  retry: { limit: 8, max_age_seconds: 604_800 },
  notify: { url: 'https://example.com/events', events: ['job.failing', 'job.recovered'] },
  flow_key: 'acme',
} as const

export const patientAnswer = {
  ...plainDelivery,
  ...patientDelivery,
  headers: { authorization: '***', 'x-tenant': 'acme' },
  retry: { ...plainDelivery.retry, ...patientDelivery.retry },
  notify: { url: 'https://example.com/events', events: notifyEvents.slice(0, 2) },
}
