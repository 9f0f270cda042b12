// What a campaign says: on the terminal as it goes, and as the report that is kept.
import { execFileSync } from 'node:child_process'
import { machine } from '../bench/machine.ts'

type Line =
  | { kind: 'check'; what: string; holds: boolean; figure: string }
  | { kind: 'note'; what: string; figure: string }
  | { kind: 'said'; text: string }

export interface Lines {
  check(what: string, holds: boolean, figure?: string | number): void
  note(what: string, figure: string | number): void
  say(text: string): void
}

/** One scenario's part. */
export interface Chapter extends Lines {
  name: string
  what: string
  lines: Line[]
  seconds: number
  /** Why it was not run; null when it was. */
  skipped: string | null
}

export function chapter(name: string, what: string): Chapter {
  const lines: Line[] = []
  const print = (text: string) => console.log(`  ${text}`)
  return {
    ...{ name, what, lines, seconds: 0, skipped: null },
    check(what, holds, figure = '') {
      lines.push({ kind: 'check', what, holds, figure: String(figure) })
      print(`${holds ? 'ok   ' : 'FAIL '} ${what}${figure === '' ? '' : `: ${figure}`}`)
    },
    note(what, figure) {
      lines.push({ kind: 'note', what, figure: String(figure) })
      print(`      ${what}: ${figure}`)
    },
    say(text) {
      lines.push({ kind: 'said', text })
      print(`      ${text}`)
    },
  }
}

/** Again at the end, where it is seen: what did not hold, and what was said of it. */
export function failuresAgain(chapters: Chapter[]): string[] {
  return chapters
    .filter((it) => failuresOf(it) > 0)
    .flatMap(({ name, lines }) => [
      ...lines.flatMap((it) => (it.kind === 'check' && !it.holds ? [`FAIL ${name}: ${it.what}: ${it.figure}`] : [])),
      ...lines.flatMap((it) => (it.kind === 'said' ? [`     ${it.text}`] : [])),
    ])
}

export const failuresOf = ({ lines }: Chapter) => lines.filter((it) => it.kind === 'check' && !it.holds).length
export const checksOf = ({ lines }: Chapter) => lines.filter((it) => it.kind === 'check').length

export interface Circumstances {
  /** Makes it again. */
  command: string
  seed: number
  /** What was run; see `commit`. */
  tree: string
}

/** The report that is checked in. */
export function report(chapters: Chapter[], { command, seed, tree }: Circumstances): string {
  const passed = chapters.reduce((sum, it) => sum + checksOf(it) - failuresOf(it), 0)
  const failed = chapters.reduce((sum, it) => sum + failuresOf(it), 0)
  return [
    '# The fault campaign, as it last ran',
    '',
    `Written by \`${command}\`; what each line means is in [guarantees.md](guarantees.md) and \`chaos/\`.`,
    '',
    ...[`Seed ${seed}, ${new Date().toISOString().slice(0, 10)}, on the tree of ${tree}.`, ...machine()].map(
      (line) => `- ${line}`,
    ),
    '',
    `**${passed} checks held, ${failed} did not.**`,
    '',
    ...chapters.flatMap(section),
  ].join('\n')
}

function section(it: Chapter): string[] {
  const title = [`## ${it.name}`, '', `${it.what}${it.skipped ? '' : ` (${it.seconds.toFixed(0)} s)`}`, '']
  if (it.skipped) return [...title, `Not run: ${it.skipped}`, '']
  const rows = it.lines.flatMap((line) => {
    if (line.kind === 'said') return []
    return [`| ${line.kind === 'check' ? (line.holds ? 'holds' : '**FAILS**') : ''} | ${line.what} | ${line.figure} |`]
  })
  const said = it.lines.flatMap((line) => (line.kind === 'said' ? [`- ${line.text}`] : []))
  return [...title, '| | | |', '|---|---|---|', ...rows, '', ...said, ...(said.length > 0 ? [''] : [])]
}

/** The commit that is checked out, and whether anything was changed since: to be asked at the beginning, when it is what is run. */
export function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? ' with changes' : ''}`
  } catch {
    return 'no repository'
  }
}
