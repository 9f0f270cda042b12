import { dice } from '@scheduler/core/test/dice'
import { describe, expect, test } from 'vitest'
import { bugsOfRequests } from '../test/bugs-of-requests.ts'
import { bugsOfTheLedger } from '../test/bugs-of-the-ledger.ts'
import { soundHistory } from '../test/sound-history.ts'
import { victim } from '../test/victims.ts'
import { check } from './check.ts'
import { kinds } from './judgement.ts'

const SEEDS = Array.from({ length: 150 }, (_, n) => n + 1)

const found = (judgement: ReturnType<typeof check>) =>
  kinds.flatMap((kind) => (judgement.findings[kind].length > 0 ? [kind] : []))

test('nothing is found in sound histories, with faults and without', () => {
  for (const faults of [0, 3]) {
    for (const seed of SEEDS) {
      const judgement = check(soundHistory(seed, { jobs: 10, faults, changes: 7 }))
      expect(judgement.findings, `seed ${seed}, up to ${faults} faults`).toEqual(
        Object.fromEntries(kinds.map((it) => [it, []])),
      )
    }
  }
})

describe.each([...bugsOfRequests, ...bugsOfTheLedger])('$name', ({ is, do: spoil, fits = () => true }) => {
  test(`is ${is ?? 'nothing to report'}`, () => {
    let spoiled = 0
    for (const seed of SEEDS) {
      const history = soundHistory(seed, { jobs: 4, faults: 0, changes: 2 })
      // Not the choices that the history is made of: its ids would come again.
      const choice = dice(seed + 1_000_000)
      const it = victim(history, choice, fits)
      if (!it) continue
      spoil(history, it, choice)
      const judgement = check(history)
      expect(found(judgement), `seed ${seed}: ${JSON.stringify(judgement.findings, null, 1)}`).toEqual(is ? [is] : [])
      spoiled += 1
    }
    expect(spoiled).toBeGreaterThan(50)
  })
})
