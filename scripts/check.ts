// Everything about the tree that can be judged without running the service. Prints each check with its outcome.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { configTable } from './checks/config-table.ts'
import { corePurity } from './checks/core-purity.ts'
import { envExample } from './checks/env-example.ts'
import { fileCeiling } from './checks/file-ceiling.ts'
import { honestTests } from './checks/honest-tests.ts'
import { importRules } from './checks/import-rules.ts'
import { migrations } from './checks/migrations.ts'
import { openapiFile } from './checks/openapi-file.ts'
import type { Check } from './checks/sources.ts'
import { root } from './start/settings.ts'

const checks: Record<string, Check> = {
  'format and lint': () => tool('biome', ['ci', '--colors=off', '.']),
  types: () => tool('tsc', ['-p', 'tsconfig.json']),
  'file ceiling': fileCeiling,
  'core is pure': corePurity,
  'import rules': importRules,
  'tests are honest': honestTests,
  'migrations are up to date': migrations,
  'openapi.json is up to date': openapiFile,
  '.env.example is complete': envExample,
  'the README names every variable': configTable,
}

let passed = 0
let failed = 0
for (const [name, check] of Object.entries(checks)) {
  const since = performance.now()
  const faults = await check()
  const seconds = ((performance.now() - since) / 1000).toFixed(1)
  if (faults === null) {
    console.log(`  skip  ${name}: nothing to check yet`)
  } else if (faults.length === 0) {
    passed += 1
    console.log(`  ok    ${name} (${seconds} s)`)
  } else {
    failed += 1
    console.log(`  FAIL  ${name} (${seconds} s)`)
    for (const fault of faults) console.log(fault.replaceAll(/^/gm, '        '))
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed ? 1 : 0

function tool(name: string, args: string[]): string[] {
  const { status, stdout, stderr, error } = spawnSync(join(root, 'node_modules/.bin', name), args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 120_000,
  })
  return status === 0 ? [] : [`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim()]
}
