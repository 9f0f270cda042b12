import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { root } from '../start/settings.ts'
import type { Check } from './sources.ts'

/** The migrations lead to exactly the schema that the code describes: generating another one would add nothing. */
export const migrations: Check = () => {
  const db = join(root, 'db')
  const config = join(db, 'drizzle.config.ts')
  if (!existsSync(config)) return null
  const copy = mkdtempSync(join(tmpdir(), 'scheduler-migrations-'))
  try {
    const out = join(copy, 'migrations')
    cpSync(join(db, 'migrations'), out, { recursive: true })
    const own = join(copy, 'drizzle.config.ts')
    // drizzle-kit takes `out` from its working folder, even when it looks absolute.
    const override = { out: relative(db, out) }
    writeFileSync(
      own,
      `import config from ${JSON.stringify(config)}\nexport default { ...config, ...${JSON.stringify(override)} }\n`,
    )
    const bin = join(db, 'node_modules', '.bin', 'drizzle-kit')
    const { status, stdout, stderr } = spawnSync(bin, ['generate', '--config', own], {
      cwd: db,
      encoding: 'utf8',
      timeout: 60_000,
    })
    if (status !== 0) return [`drizzle-kit generate failed: ${stdout}${stderr}`.trim()]
    const before = new Set(readdirSync(join(db, 'migrations')))
    return readdirSync(out)
      .filter((name) => !before.has(name))
      .map((name) => `db/migrations lacks a migration (${name}): run \`pnpm db:generate --name <what>\``)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}
