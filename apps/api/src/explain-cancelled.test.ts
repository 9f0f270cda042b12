import { expect, test } from 'vitest'
import { sayCancelled } from './explain-cancelled.ts'
import type { Told } from './explain-subject.ts'

const at = (time: string) => new Date(`2026-06-01T${time}Z`)

const row = {
  ...{ state: 'cancelled', attempt: 1, claimedAt: at('12:00:00'), finishedAt: at('12:02:00') },
  ...{ cancelRequestedAt: null, attempts: [{ outcome: 'rejected' }] },
}

test.for<[string, object]>([
  ['It was cancelled by hand at 19:02 on 1 June 2026, before it was sent', { attempt: 0, attempts: [] }],
  ['It was cancelled by hand at 19:02 on 1 June 2026, before attempt 2', {}],
  [
    'It was cancelled by hand at 19:01 on 1 June 2026, while attempt 1 was in flight',
    { cancelRequestedAt: at('12:01:00'), attempts: [{ outcome: 'abandoned' }] },
  ],
  [
    'It was cancelled by hand at 19:02 on 1 June 2026: its receiver had answered 202 on attempt 1 and not said yet how its work ended',
    { attempts: [{ outcome: 'accepted' }] },
  ],
  [
    'It is being cancelled by hand, since 19:01 on 1 June 2026: attempt 1, which began at 19:00 on 1 June 2026, is broken off',
    { state: 'running', cancelRequestedAt: at('12:01:00'), finishedAt: null, attempts: [] },
  ],
])('%s', ([sentence, fields]) => {
  expect(sayCancelled({ zone: 'UTC+07:00', row: { ...row, ...fields } } as unknown as Told)).toBe(sentence)
})
