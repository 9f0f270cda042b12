import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Pool } from '@scheduler/db/client'

/** What figures depend on most, of those that are installed, and by whom they are. */
const packages: [folder: string, names: string[]][] = [
  ['.', ['got', 'express', 'zod', 'pg', 'pg-boss', 'graphile-worker', 'bullmq', 'ioredis']],
  ['../db', ['drizzle-orm']],
  ['.', ['luxon', 'croner', 'rrule-temporal']],
]

/** What the figures were measured on and with: the first lines of every bench. Of PostgreSQL it is said by whoever starts it. */
export function machine(): string[] {
  const gib = (totalmem() / 2 ** 30).toFixed(0)
  const versions = packages.flatMap(([folder, names]) => names.map((name) => `${name} ${versionOf(folder, name)}`))
  return [
    `${cpus()[0]?.model ?? 'CPU unknown'} · ${availableParallelism()} cores · ${gib} GiB · Node ${process.versions.node}`,
    versions.join(' · '),
  ]
}

/** Peers are not there where only what the service needs was installed. */
function versionOf(folder: string, name: string): string {
  try {
    const path = new URL(`./${folder}/node_modules/${name}/package.json`, import.meta.url)
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
  } catch {
    return '(not installed)'
  }
}

/** Said by each bench that has a server, before its figures; `settings` are those over the embedded one's own. */
export async function serverVersion(
  pool: Pool,
  isEmbedded: boolean,
  settings: Record<string, string> = {},
): Promise<string> {
  const { rows } = await pool.query<{ server_version: string }>('show server_version')
  const given = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  const embedded = `embedded, ${given.length === 0 ? 'as it comes' : given.join(', ')}`
  return `# PostgreSQL ${rows[0]?.server_version}, ${isEmbedded ? embedded : 'at TRIAL_DATABASE_URL'}`
}
