import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { root } from './start/settings.ts'

const folder = mkdtempSync(join(root, 'node_modules', '.count-reporter-')) // below the root, where vitest resolves
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const reporter = fileURLToPath(new URL('./count-reporter.ts', import.meta.url))

/** The last line and the exit code of a run of these files. */
function run(files: Record<string, string>): { line: string | undefined; code: number | null } {
  const own = mkdtempSync(join(folder, 'run-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(own, name), text)
  writeFileSync(
    join(own, 'vitest.config.mjs'),
    `export default { test: { include: ['*.test.mjs'], exclude: [], reporters: ['default', ${JSON.stringify(reporter)}] } }`,
  )
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', own]
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return { line: stdout.trimEnd().split('\n').at(-1), code: status }
}

const using = `import { expect, test } from 'vitest'\n`

test('the last line counts what passed, failed and was skipped', () => {
  const tests = `test('a', () => {}); test('b', () => expect(1).toBe(2)); test.skip('c', () => {})`
  expect(run({ 'a.test.mjs': using + tests })).toEqual({ line: '1 passed, 1 failed, 1 skipped', code: 1 })
})

test('all passed is exit code 0', () => {
  expect(run({ 'a.test.mjs': `${using}test('a', () => {})` })).toEqual({ line: '1 passed, 0 failed', code: 0 })
})

test('a file that cannot be loaded counts as failed, and so does an error outside any test', () => {
  const broken = { 'a.test.mjs': `${using}test('a', () => {})`, 'b.test.mjs': `throw new Error('no')` }
  expect(run(broken)).toEqual({ line: '1 passed, 1 failed', code: 1 })
  const stray = `${using}test('a', () => { Promise.reject(new Error('stray')) })`
  expect(run({ 'a.test.mjs': stray })).toEqual({ line: '1 passed, 1 failed', code: 1 })
})

test('a run without any test has failed', () => {
  expect(run({})).toEqual({ line: '0 passed, 1 failed', code: 1 })
})
