import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../start/settings.ts'
import { type Check, codeLines, type Source, sources } from './sources.ts'

interface Rule {
  readonly imports: RegExp
  /** Paths that may. */
  readonly allowed: RegExp
  readonly why: string
}

const rules: Rule[] = [
  { imports: /^drizzle-orm(\/|$)/, allowed: /^db\//, why: 'only db speaks to Postgres' },
  { imports: /^pg-boss(\/|$)/, allowed: /^(db|bench\/peers)\//, why: 'only db speaks to Postgres' },
  { imports: /^pg$/, allowed: /^(db|bench|chaos|scripts)\/|\.test\.ts$/, why: 'only db speaks to Postgres' },
  {
    imports: /^(express|swagger-ui-express|@asteasolutions\/zod-to-openapi)$/,
    allowed: /^(apps\/api|bench)\//,
    why: 'only the API serves HTTP',
  },
  { imports: /^got$/, allowed: /^(apps\/worker|bench)\/|\.test\.ts$/, why: 'only the worker makes requests' },
  { imports: /(^|\/)apps\/api\//, allowed: /^(apps\/api|scripts)\//, why: 'apps do not import each other' },
  { imports: /(^|\/)apps\/worker\//, allowed: /^(apps\/worker|scripts)\//, why: 'apps do not import each other' },
  // The benches give our client to peers too, to compare what is around it.
  {
    imports: /^@scheduler\/worker\/callback-client$/,
    allowed: /^bench\/peers\//,
    why: 'only the worker makes requests',
  },
  { imports: /^@scheduler\/(api|worker)(?!\/callback-client$)/, allowed: /^$/, why: 'apps do not import each other' },
  { imports: /^@scheduler\//, allowed: /^(?!packages\/core\/)/, why: 'core imports nothing of ours' },
  // The start command composes processes as a main composes parts, and checks their settings before it starts them.
  {
    imports: /\/(main|config)\.ts$/,
    allowed: /\/main\.ts$|\.test\.ts$|^scripts\//,
    why: 'settings travel as values: only a main reads them',
  },
]

/** Who may import whom. */
export const importRules: Check = () => [...sources().flatMap(checkSource), ...checkRoot()]

function checkSource(source: Source): string[] {
  return codeLines(source).flatMap(({ line, number }) => {
    const imported = /(?:\bfrom |\bimport |\bimport\()'([^']+)'/.exec(line)?.[1]
    if (!imported) return []
    return rules
      .filter(({ imports, allowed }) => imports.test(imported) && !allowed.test(source.path))
      .map(({ why }) => `${source.path}:${number}: imports ${imported}; ${why}`)
  })
}

/** What the root depends on resolves from everywhere, and would make the packages' own lists meaningless. */
function checkRoot(): string[] {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const ours = Object.keys(devDependencies).filter((name) => name.startsWith('@scheduler/'))
  return [...Object.keys(dependencies), ...ours].map((name) => `package.json: the root must not depend on ${name}`)
}
