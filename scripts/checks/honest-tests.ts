import { type Check, findInCode, sources } from './sources.ts'

/** Tests run the real thing, and wait for what they need instead of for time to pass. */
export const honestTests: Check = () =>
  sources()
    .filter(({ path }) => path.endsWith('.test.ts'))
    .flatMap((source) => {
      const lines = source.text.split('\n')
      const sleeps = findInCode(
        source,
        /\b(setTimeout|sleep)\(/,
        'a test waits for a row, an event or a promise, not for time; `// allowed: reason` exempts a line',
      )
      return [
        ...findInCode(source, /\bvi\.(mock|doMock)\(/, 'no mocks: run the real thing'),
        ...sleeps.filter((fault) => !lines[Number(fault.split(':')[1]) - 1]?.includes('// allowed: ')),
      ]
    })
