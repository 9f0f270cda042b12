import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configShape as api } from '../../apps/api/src/config.ts'
import { configShape as worker } from '../../apps/worker/src/config.ts'
import { root, startVariables } from '../start/settings.ts'
import type { Check } from './sources.ts'

/** Read by docker-compose.yml alone. */
const composeVariables = ['PORT_EXPOSE']

/** The tables of the README's section on configuration name each variable that is read, in their first column, and no other. */
export const configTable: Check = () => {
  const file = join(root, 'README.md')
  if (!existsSync(file)) return null
  const section = /^## Configuration$(.*?)^## /ms.exec(readFileSync(file, 'utf8'))?.[1]
  if (section === undefined) return ['README.md has no section Configuration']
  const cells = section.match(/^\|[^|]*\|/gm) ?? []
  const named = new Set(cells.flatMap((cell) => cell.match(/(?<=`)[A-Z][A-Z0-9_]+(?=`)/g) ?? []))
  const read = new Set([...Object.keys(api), ...Object.keys(worker), ...startVariables, ...composeVariables])
  return [
    ...[...read].filter((name) => !named.has(name)).map((name) => `README.md: the configuration lacks ${name}`),
    ...[...named].filter((name) => !read.has(name)).map((name) => `README.md: nothing reads ${name}`),
  ]
}
