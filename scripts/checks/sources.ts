import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../start/settings.ts'

/** A TypeScript file of ours. */
export interface Source {
  /** From the root, with `/`. */
  readonly path: string
  readonly text: string
  readonly isTest: boolean
}

/** What a check found wrong, one line each; `null` when there is nothing to check yet. */
export type Check = () => string[] | null | Promise<string[] | null>

const roots = [
  'apps/*/{src,test}',
  'packages/*/{src,test,oracle}',
  'db/{src,test}',
  'bench',
  'chaos',
  'examples',
  'scripts',
]

export function sources(): Source[] {
  return globSync(
    roots.map((each) => `${each}/**/*.ts`),
    { cwd: root, exclude: (name) => name === 'node_modules' },
  )
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8'), isTest: /\.test\.ts$|\/test\//.test(path) }))
}

/** The lines with their numbers, comments blanked out. */
export function codeLines({ text }: Source): { line: string; number: number }[] {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .split('\n')
    .map((line, index) => ({ line: line.replace(/(^|\s)\/\/.*$/, ''), number: index + 1 }))
}

/** `path:line: what` for each line of code in which `pattern` occurs. */
export function findInCode(source: Source, pattern: RegExp, what: string): string[] {
  return codeLines(source)
    .filter(({ line }) => pattern.test(line))
    .map(({ number }) => `${source.path}:${number}: ${what}`)
}
