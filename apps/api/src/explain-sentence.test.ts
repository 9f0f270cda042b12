import { executionKinds, executionReasons, executionStates } from '@scheduler/core/execution'
import { defaultDst, type Policies } from '@scheduler/core/schedule'
import { timeline } from '@scheduler/core/timeline'
import type { FullExecution } from '@scheduler/db/queries/executions'
import type { HeldBy } from '@scheduler/db/queries/explain'
import type { Circuit } from '@scheduler/db/queries/list-circuits'
import type { JobRow } from '@scheduler/db/schema/jobs'
import { expect, test } from 'vitest'
import { sentenceOf } from './explain-sentence.ts'
import type { Rule, Told } from './explain-subject.ts'

const at = new Date('2026-06-01T12:00:00Z')
const later = (ms: number) => new Date(at.getTime() + ms)

const attempt = {
  executionId: 'e',
  scheduledFor: at,
  attempt: 1,
  outcome: 'succeeded',
  status: 200,
  startedAt: later(34),
  finishedAt: later(50),
  jobVersion: 1,
  workerId: 'w',
  error: null,
  responseHead: null,
  dnsMs: null,
  connectMs: null,
  tlsMs: null,
  firstByteMs: null,
  totalMs: null,
} as const

const row: FullExecution = {
  id: 'e',
  jobId: 'j',
  jobVersion: 1,
  kind: 'schedule',
  state: 'succeeded',
  reason: null,
  attempt: 1,
  scheduledFor: at,
  scheduledUntil: null,
  count: 1,
  effectiveAt: at,
  createdAt: later(20 * 60_000),
  nextAttemptAt: later(60_000),
  claimedAt: later(30),
  claimedBy: 'w',
  finishedAt: later(60),
  cancelRequestedAt: null,
  behind: false,
  failures: 0,
  firstAttemptAt: null,
  deadAt: null,
  redrivenAt: null,
  ackDeadlineAt: null,
  flowKey: null,
  destination: 'https://example.com',
  itemId: null,
  attempts: [attempt],
}

function told(fields: Partial<FullExecution> = {}, more: Partial<Told> = {}): Told {
  return {
    job: { status: 'active', deletedAt: null, pausedAt: null, version: 1, delivery: null } as JobRow,
    now: later(3_600_000).getTime(),
    at: at.getTime(),
    matched: 'exact',
    rule: null,
    zone: 'UTC+07:00',
    blocker: null,
    instead: null,
    pause: null,
    blackout: null,
    prunedBefore: null,
    circuit: null,
    change: null,
    limits: [],
    isEdited: false,
    canTell: true,
    ...more,
    row: { ...row, ...fields },
  }
}

test('every state, reason and kind has one sentence, whatever is known around it', () => {
  for (const state of executionStates) {
    for (const reason of [null, ...executionReasons]) {
      for (const kind of executionKinds) {
        const sentence = sentenceOf(told({ state, reason, kind, attempts: [] }))
        expect(sentence, `${state} ${reason} ${kind}`).toMatch(/^[A-Z].*[^.]\.$/)
        expect(sentence).not.toMatch(/\. /)
        expect(sentence).not.toMatch(/undefined|null|NaN|\[object/)
      }
    }
  }
})

const before = { scheduledFor: later(-60_000), claimedAt: later(-59_000) }
const failed = (fields: Partial<(typeof row.attempts)[number]>) => ({ ...attempt, ...fields })

const deadTold = (
  fields: Partial<FullExecution>,
  last: Partial<(typeof row.attempts)[number]> = {},
  more: Partial<Told> = {},
) => {
  const attempts = [failed({ outcome: 'rejected', status: 500, ...last })]
  return told({ state: 'failed', reason: 'rejected', deadAt: later(60), firstAttemptAt: at, attempts, ...fields }, more)
}

const policies: Policies = {
  ...{ zone: 'UTC', seed: 's', jitterSeconds: 0, overlap: 'skip', dst: defaultDst, maxRuns: null, blackouts: [] },
  misfire: { policy: 'last', graceSeconds: 900, max: 1 },
}
const everySecond = {
  ...{ zone: 'UTC', policies },
  line: timeline({ type: 'cron', cron: '* * * * * *' }, policies),
} as Rule

const asyncJob = { status: 'active', version: 1, delivery: { async: { timeoutSeconds: 300 } } } as JobRow
const circuit = (state: Circuit['state']) => ({ destination: row.destination, state, retryAt: null }) as Circuit
const limit: HeldBy = {
  ...{ kind: 'destination', flow: row.destination, rateCount: 10, ratePerSeconds: 1, concurrency: 5, paused: false },
}

test.for<[string, Told]>([
  ['It ran 34 ms late and the receiver answered 200 on attempt 1.', told()],
  ['Run by hand: it ran 34 ms late and the receiver answered 200 on attempt 1.', told({ kind: 'manual' })],
  [
    'It was skipped because the run of 18:59 on 1 June 2026 was still running.',
    told({ state: 'skipped', reason: 'overlap_skipped' }, { blocker: before }),
  ],
  [
    'It was skipped because the run of 18:59 on 1 June 2026 was not finished.',
    told({ state: 'skipped', reason: 'overlap_skipped' }, { blocker: { ...before, claimedAt: null } }),
  ],
  [
    'It was not sent: the job was paused from 18:59 on 1 June 2026 (maintenance) and resumed at 19:01 on 1 June 2026.',
    told(
      { state: 'skipped', reason: 'paused' },
      { pause: { from: later(-60_000), to: later(60_000), reason: 'maintenance' } },
    ),
  ],
  [
    'It was not sent: the job was paused from 18:59 on 1 June 2026 and still is.',
    told({ state: 'skipped', reason: 'paused' }, { pause: { from: later(-60_000), to: null, reason: null } }),
  ],
  [
    'It was not sent: it was 20 minutes late when the workers came back, past its grace; the same goes for all 40 runs from 19:00 on 1 June 2026 to 20:00 on 1 June 2026.',
    told({ state: 'skipped', reason: 'missed_grace', count: 40, scheduledUntil: later(3_600_000) }),
  ],
  [
    'It was not sent: the run of 19:00 on 1 June 2026 lies in a blackout from 18:59 on 1 June 2026 to 19:01 on 1 June 2026 (tag reports: holidays).',
    told(
      { state: 'skipped', reason: 'blackout' },
      { blackout: { from: +later(-60_000), to: +later(60_000), tag: 'reports', reason: 'holidays' } },
    ),
  ],
  [
    'It failed: the receiver answered 500 on attempt 2.',
    told({ state: 'failed', reason: 'rejected', attempt: 2, attempts: [failed({ status: 500 })] }),
  ],
  [
    'It failed: the receiver could not be reached on attempt 1 (ECONNREFUSED).',
    told({ state: 'failed', reason: 'unreachable', attempts: [failed({ status: null, error: 'ECONNREFUSED' })] }),
  ],
  [
    'Its next attempt is at 19:01 on 1 June 2026: the receiver answered 503 on attempt 1.',
    told({
      state: 'waiting',
      reason: 'rejected',
      failures: 1,
      attempts: [failed({ outcome: 'rejected', status: 503 })],
    }),
  ],
  [
    'Its next attempt is at 19:01 on 1 June 2026: the receiver gave no whole answer in time on attempt 1.',
    told({ state: 'waiting', reason: 'timed_out', failures: 1, attempts: [failed({ outcome: 'timed_out' })] }),
  ],
  [
    'It is not sent: a secret of its job was sealed with a key that the workers do not have (ENCRYPTION_KEYS), and it is looked at again at 19:01 on 1 June 2026.',
    told({ state: 'waiting', reason: 'secret_unavailable' }),
  ],
  [
    'It failed: the receiver answered 500 on attempt 4; after 4 failed attempts there is no further one (retry.limit: 3); it is a dead letter, and can be redriven.',
    deadTold({ attempt: 4, failures: 4 }),
  ],
  [
    'It failed: the receiver answered 410 on attempt 1; by that it asks for no further one; it is a dead letter, and can be redriven.',
    deadTold({ failures: 1 }, { status: 410 }),
  ],
  [
    'It failed: the receiver answered 500 on attempt 2; the next one would have begun more than 1 day after the first (retry.max_age_seconds: 86400); it is a dead letter, and can be redriven.',
    deadTold({ attempt: 2, failures: 2, firstAttemptAt: later(-86_400_000) }),
  ],
  [
    'It failed: the receiver answered 500 on attempt 2; the next one would not have begun before the next run was due (retry.stop_at_next: true); it is a dead letter, and can be redriven.',
    deadTold(
      { attempt: 2, failures: 2 },
      {},
      { job: { version: 1, delivery: { retry: { stopAtNext: true } } } as JobRow, rule: everySecond },
    ),
  ],
  [
    'It failed: the receiver answered 500 on attempt 4; the retry policy of then allowed no further one.',
    deadTold({ attempt: 4, failures: 4, deadAt: null }, {}, { isEdited: true }),
  ],
  [
    'It failed: the receiver said of attempt 1 that its work failed; it asked for no further one, or for one too late; it is a dead letter, and can be redriven.',
    deadTold({ failures: 1 }, { status: 202, error: 'nack' }),
  ],
  [
    'It failed: its address is one that this instance may not call, and nothing was sent.',
    deadTold(
      { reason: 'blocked_destination', failures: 1 },
      { outcome: 'blocked', status: null },
      { job: { version: 1, delivery: null, deletedAt: at } as JobRow },
    ),
  ],
  [
    'It was redriven at 19:02 on 1 June 2026 and waits for its turn, at 19:01 on 1 June 2026.',
    told({ state: 'waiting', attempt: 4, redrivenAt: later(120_000) }),
  ],
  [
    'It was redriven at 19:02 on 1 June 2026 and waits for a worker.',
    told({ state: 'queued', attempt: 4, redrivenAt: later(120_000) }),
  ],
  [
    'It needed 3 attempts, the first 34 ms and the last 35 seconds late, and the receiver answered 200 on attempt 3.',
    told({
      attempt: 3,
      failures: 2,
      attempts: [
        failed({ outcome: 'rejected', status: 500 }),
        failed({ outcome: 'timed_out', status: null, attempt: 2 }),
        { ...attempt, attempt: 3, startedAt: later(35_000) },
      ],
    }),
  ],
  [
    'It ran 34 ms late and its receiver acknowledged attempt 1 at 19:05 on 1 June 2026.',
    told({ attempts: [{ ...attempt, status: 202, totalMs: 16, finishedAt: later(300_000) }] }),
  ],
  [
    'It ran 34 ms late and its receiver acknowledged attempt 1 at 19:00 on 1 June 2026.',
    told({ attempts: [{ ...attempt, status: 202, totalMs: 16 }] }, { job: asyncJob }),
  ],
  // Without a URL to say more by, and of a job that may not have been async then, a 202 is a success like any other.
  ...[{ canTell: false }, { isEdited: true }].map((more): [string, Told] => [
    'It ran 34 ms late and the receiver answered 202 on attempt 1.',
    told({ attempts: [{ ...attempt, status: 202, totalMs: 16 }] }, { job: asyncJob, ...more }),
  ]),
  [
    'It is held back, without an attempt: the circuit of https://example.com is open and may be probed at 19:01 on 1 June 2026.',
    told({ state: 'parked', reason: 'circuit_open', attempt: 0, attempts: [] }),
  ],
  [
    'It is held back, without an attempt: the circuit of https://example.com is open and may be probed at 19:03 on 1 June 2026.',
    told(
      { state: 'parked', reason: 'circuit_open', attempt: 0, attempts: [] },
      { circuit: { ...circuit('open'), retryAt: later(180_000) } },
    ),
  ],
  [
    'It is held back, and this uses no attempt: the circuit of https://example.com is open until it is closed by hand.',
    told({ state: 'parked', reason: 'circuit_open', attempt: 2, nextAttemptAt: null }, { circuit: circuit('open') }),
  ],
  [
    'It is held back, without an attempt: the circuit of https://example.com was open and has closed, and what it kept back goes out by and by.',
    told({ state: 'parked', reason: 'circuit_open', attempt: 0, attempts: [] }, { circuit: circuit('closed') }),
  ],
  [
    'It is held back, without an attempt: the circuit of https://example.com is open, and another execution is on its way to find out whether it answers again.',
    told({ state: 'parked', reason: 'circuit_open', attempt: 0, attempts: [] }, { circuit: circuit('half_open') }),
  ],
  [
    'It is held back: the flow key acme is limited to 10 in 1 second and 5 in flight (GET /flow-keys); it goes out as that allows.',
    told(
      { state: 'parked', reason: 'key_limited', flowKey: 'acme' },
      { limits: [{ ...limit, kind: 'key', flow: 'acme' }] },
    ),
  ],
  [
    'It is held back: https://example.com is paused (GET /destinations); it goes out once that is lifted.',
    told({ state: 'parked', reason: 'destination_limited' }, { limits: [{ ...limit, paused: true }] }),
  ],
  [
    'It is held back: https://example.com had a limit that was lifted, and what it kept back goes out by and by.',
    told({ state: 'parked', reason: 'destination_limited' }),
  ],
  ['It is queued for attempt 2 and waits for a worker.', told({ state: 'queued', redrivenAt: later(1) })],
])('%s', ([sentence, subject]) => {
  expect(sentenceOf(subject)).toBe(sentence)
})
