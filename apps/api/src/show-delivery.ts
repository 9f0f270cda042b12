import {
  DEFAULT_SUCCESS,
  DEFAULT_TIMEOUT_SECONDS,
  notifyEvents,
  retryOf,
  type StoredHeader,
} from '@scheduler/core/delivery'
import { MASK } from '@scheduler/core/header-fields'
import type { JobRow } from '@scheduler/db/schema/jobs'

/** How a job's requests are made, with the defaults filled in. Of a secret only that it is there. */
export function showDelivery({ delivery, payload, flowKey }: Pick<JobRow, 'delivery' | 'payload' | 'flowKey'>) {
  const { raw = false, notify, async } = delivery ?? {}
  const retry = retryOf(delivery)
  return {
    payload: raw ? {} : JSON.parse(payload),
    body: raw ? payload : null,
    method: delivery?.method ?? ('POST' as const),
    headers: Object.fromEntries((delivery?.headers ?? []).map(showHeader)),
    timeout_seconds: delivery?.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    success: delivery?.success ?? [...DEFAULT_SUCCESS],
    retry: {
      limit: retry.limit,
      min_backoff_seconds: retry.minBackoffSeconds,
      max_backoff_seconds: retry.maxBackoffSeconds,
      factor: retry.factor,
      jitter: retry.jitter,
      max_age_seconds: retry.maxAgeSeconds,
      stop_at_next: retry.stopAtNext,
    },
    pause_after_failures: delivery?.pauseAfter ?? null,
    async: async ? { timeout_seconds: async.timeoutSeconds } : null,
    notify: notify ? { url: notify.url, events: notify.events ?? [...notifyEvents] } : null,
    flow_key: flowKey,
    signing: { secrets: delivery?.signing?.length ?? 0 },
  }
}

const showHeader = (it: StoredHeader): [string, string] => [it.name, 'sealed' in it ? MASK : it.value]
