import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../start/settings.ts'
import type { Check } from './sources.ts'

/** The committed openapi.json is the one that the routes make. */
export const openapiFile: Check = () => {
  const file = join(root, 'apps/api/src/openapi-file.ts')
  if (!existsSync(file)) return null
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, '--check'], {
    cwd: join(root, 'apps/api'),
    encoding: 'utf8',
    timeout: 60_000,
  })
  return status === 0 ? [] : [`${stdout}${stderr}`.trim() || 'openapi.json is not up to date: run `pnpm openapi`']
}
