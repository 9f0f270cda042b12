import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configShape as api } from '../../apps/api/src/config.ts'
import { configShape as worker } from '../../apps/worker/src/config.ts'
import { root, startVariables } from '../start/settings.ts'
import type { Check } from './sources.ts'

/** Read by docker-compose.yml alone. */
const composeVariables = ['PORT_EXPOSE']

/** `.env.example` names each variable that is read, once, and no other. */
export const envExample: Check = () => {
  const file = join(root, '.env.example')
  if (!existsSync(file)) return null
  const names = [...readFileSync(file, 'utf8').matchAll(/(?<=^#? ?)[A-Z][A-Z0-9_]+(?==)/gm)].map(([name]) => name)
  const named = new Set(names)
  const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i))
  const read = new Set([...Object.keys(api), ...Object.keys(worker), ...startVariables])
  return [
    ...[...read].filter((name) => !named.has(name)).map((name) => `.env.example lacks ${name}`),
    ...[...named]
      .filter((name) => !read.has(name) && !composeVariables.includes(name))
      .map((name) => `.env.example has ${name}, which nothing reads`),
    ...[...twice].map((name) => `.env.example has ${name} more than once`),
  ]
}
