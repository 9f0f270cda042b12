import { describe, expect, test } from 'vitest'
import { MOST_BEHIND, overlap } from './overlap.ts'
import type { JobState, Occurrence, OverlapPolicy } from './schedule.ts'

const due = (count: number): Occurrence[] =>
  Array.from({ length: count }, (_, i) => ({ nominal: i * 1000, effective: i * 1000 + 5 }))
const state = (live: number, behind = 0): JobState => ({ runs: 0, live, behind })

/** Each due occurrence by a letter: sent at once, `b`ehind others, `-` skipped; `!` when what is unfinished is cancelled. */
function outcome(policy: OverlapPolicy, count: number, state: JobState): string {
  const { send, skipped, cancel } = overlap(policy, due(count), state)
  const letters = due(count).map(({ nominal }) => {
    const sent = send.find((it) => it.nominal === nominal)
    expect(skipped.some((it) => it.nominal === nominal)).toBe(sent === undefined)
    return sent ? (sent.behind ? 'b' : 's') : '-'
  })
  return letters.join('') + (cancel ? '!' : '')
}

describe('what becomes of due occurrences while others of the job are unfinished', () => {
  test.for<[OverlapPolicy, string, string, string, string, string, string]>([
    // one due:     idle | one live | one live, one behind. Three due: the same.
    ['allow', 's', 's', 's', 'sss', 'sss', 'sss'],
    ['skip', 's', '-', '-', 'sbb', '---', '---'],
    ['queue_one', 's', 'b', '-', 'sb-', 'b--', '---'],
    ['queue_all', 's', 'b', 'b', 'sbb', 'bbb', 'bbb'],
    ['cancel_running', 's', 'b!', 'b!', '--s', '--b!', '--b!'],
  ])('%s', ([policy, ...expected]) => {
    const states = [state(0), state(1), state(1, 1)]
    expect([1, 3].flatMap((count) => states.map((it) => outcome(policy, count, it)))).toEqual(expected)
  })

  test.for<[OverlapPolicy, string]>([
    ['allow', 'ss'],
    ['skip', '--'],
    ['queue_one', '--'],
    ['queue_all', 'bb'],
    // Those behind have made no attempt, and are cancelled on the spot: the new one need not wait for them.
    ['cancel_running', '-s!'],
  ])('under %s those that wait, with none before them any more, still come first', ([policy, expected]) => {
    expect(outcome(policy, 2, state(0, 1))).toBe(expected)
  })

  test.for(['allow', 'skip', 'queue_one', 'queue_all', 'cancel_running'] as const)(
    'when nothing is due, %s does nothing, and cancels nothing',
    (policy) => {
      expect(overlap(policy, [], state(3, 2))).toEqual({ send: [], skipped: [], cancel: false })
    },
  )
})

describe(`no more than ${MOST_BEHIND} wait`, () => {
  const sizes = (policy: OverlapPolicy, count: number, it: JobState) => {
    const { send, skipped } = overlap(policy, due(count), it)
    return [send.length, skipped.length]
  }

  test('of those that come due at once, the oldest', () => {
    expect(sizes('queue_all', MOST_BEHIND + 5, state(0))).toEqual([MOST_BEHIND + 1, 4])
    expect(sizes('queue_all', MOST_BEHIND + 5, state(1))).toEqual([MOST_BEHIND, 5])
    expect(sizes('skip', MOST_BEHIND + 5, state(0))).toEqual([MOST_BEHIND + 1, 4])
    expect(overlap('queue_all', due(MOST_BEHIND + 5), state(1)).skipped[0]?.nominal).toBe(MOST_BEHIND * 1000)
  })

  test('counted with those that wait already', () => {
    expect(sizes('queue_all', 5, state(1, MOST_BEHIND - 2))).toEqual([2, 3])
    expect(sizes('queue_all', 5, state(1, MOST_BEHIND))).toEqual([0, 5])
    expect(sizes('queue_all', 5, state(1, MOST_BEHIND + 7))).toEqual([0, 5])
  })

  test('allow has no such limit', () => {
    expect(sizes('allow', MOST_BEHIND + 5, state(9, 9))).toEqual([MOST_BEHIND + 5, 0])
  })
})
