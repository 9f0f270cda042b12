import { type Check, findInCode, sources } from './sources.ts'

const impure: [RegExp, string][] = [
  [/\bprocess\./, 'core knows no process'],
  [/\bDate\.now\(/, 'core has no clock: take `now`'],
  [/\bnew Date\(\)/, 'core has no clock: take `now`'],
  [/\bMath\.random\(/, 'core takes its randomness: `random: () => number`'],
  [/from 'node:(?!crypto')/, 'core imports nothing of node: but node:crypto'],
]

/** The core computes from its arguments alone. Only its clock may ask for the time. */
export const corePurity: Check = () =>
  sources()
    .filter(({ path, isTest }) => path.startsWith('packages/core/') && !isTest && !path.endsWith('/clock.ts'))
    .flatMap((source) => impure.flatMap(([pattern, what]) => findInCode(source, pattern, what)))
