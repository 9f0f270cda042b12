import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'

/** What figures depend on most, of those that are installed. */
const packages = ['got', 'pg', 'pg-boss', 'graphile-worker', 'bullmq', 'ioredis']

/** What the figures were measured on and with: the first lines of every bench. */
export function machine(): string[] {
  const gib = (totalmem() / 2 ** 30).toFixed(0)
  const versions = packages.flatMap((name) => {
    const version = versionOf(name)
    return version ? [`${name} ${version}`] : []
  })
  return [
    `${cpus()[0]?.model ?? 'CPU unknown'} · ${availableParallelism()} cores · ${gib} GiB · Node ${process.versions.node}`,
    versions.join(' · '),
  ]
}

function versionOf(name: string): string | null {
  try {
    const path = new URL(`./node_modules/${name}/package.json`, import.meta.url)
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
  } catch {
    return null
  }
}
