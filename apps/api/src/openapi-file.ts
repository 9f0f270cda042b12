import { readFile, writeFile } from 'node:fs/promises'
import { openapi } from './openapi.ts'

// Writes openapi.json; with --check it only compares, and exits 1 when the file is not what the routes say.
const file = new URL('../openapi.json', import.meta.url)
const text = `${JSON.stringify(openapi(), null, 2)}\n`

if (!process.argv.includes('--check')) {
  await writeFile(file, text)
} else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
  console.error('apps/api/openapi.json is not what the routes say. Run: pnpm openapi')
  process.exitCode = 1
}
