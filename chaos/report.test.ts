import { expect, test, vi } from 'vitest'
import { chapter, checksOf, failuresAgain, failuresOf, report } from './report.ts'

test('a report counts what held and what did not, and says what was found', ({ onTestFinished }) => {
  // Its FAIL would be taken for one of the tests'.
  const print = vi.spyOn(console, 'log').mockReturnValue()
  onTestFinished(() => print.mockRestore())
  const sound = chapter('calm', 'Nothing is broken.')
  sound.check('lost', true, 0)
  sound.note('sent', 7)
  const broken = chapter('kills', 'Workers are killed.')
  broken.check('lost', false, 1)
  broken.say('job 1 was due at 12:00 and is gone')
  const skipped = { ...chapter('disk-full', 'The disk is full.'), skipped: 'no right to mount' }

  expect([checksOf(sound), failuresOf(sound), failuresOf(broken)]).toEqual([1, 0, 1])
  expect(failuresAgain([sound, broken, skipped])).toEqual([
    'FAIL kills: lost: 1',
    '     job 1 was due at 12:00 and is gone',
  ])
  const text = report([sound, broken, skipped], { command: 'pnpm chaos', seed: 7, tree: 'abc1234' })
  expect(text).toContain('**1 checks held, 1 did not.**')
  expect(text).toContain('| **FAILS** | lost | 1 |')
  expect(text).toContain('|  | sent | 7 |')
  expect(text).toContain('- job 1 was due at 12:00 and is gone')
  expect(text).toContain('Not run: no right to mount')
  expect(print).toHaveBeenCalledWith('  FAIL  lost: 1')
})
