import { parseArgs } from 'node:util'

export interface Options {
  /** Empty: all. */
  names: string[]
  seed: number
  short: boolean
  list: boolean
  /** Where the report goes; null: nowhere. */
  report: string | null
}

export const USAGE = `pnpm chaos [scenario ...] [--seed N] [--short] [--list] [--report FILE]

  without a scenario   all of them, one after the other
  --seed N             the same choices as a run that printed it; any number by default
  --short              the form that CI runs: less load, fewer faults
  --report FILE        writes a report in Markdown, such as docs/chaos-report.md`

/** @throws Error with a sentence for whoever typed it */
export function readOptions(args: string[], known: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seed: { type: 'string' },
      short: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      report: { type: 'string' },
    },
  })
  const unknown = positionals.filter((it) => !known.includes(it))
  if (unknown.length > 0) throw new Error(`There is no scenario ${unknown.join(', ')}. There are: ${known.join(', ')}.`)
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed must be a whole number, not ${values.seed}.`)
  const { short = false, list = false, report = null } = values
  return { names: positionals, seed, short, list, report }
}
