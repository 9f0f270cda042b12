import { Fault } from '../start/settings.ts'

export interface DoctorOptions {
  /** Prints one JSON object instead of lines. */
  readonly json: boolean
  /** Lets the reconciler work before anything is checked. */
  readonly repair: boolean
}

/** @throws Fault for what is no option */
export function readOptions(args: readonly string[]): DoctorOptions {
  // pnpm hands the `--` on that separates its own options from ours.
  const given = args.filter((arg) => arg !== '--')
  const unknown = given.find((arg) => arg !== '--json' && arg !== '--repair')
  if (unknown) throw new Fault(`There is no option ${unknown}; there are --json and --repair.`)
  return { json: given.includes('--json'), repair: given.includes('--repair') }
}
