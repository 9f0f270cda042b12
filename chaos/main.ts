// `pnpm chaos`: breaks a real system in every way that we know of while clients use it, and judges what came of it.
// The last line is `N passed, N failed`.
import { writeFileSync } from 'node:fs'
import { machine } from '../bench/machine.ts'
import { readOptions, USAGE } from './options.ts'
import { type Chapter, chapter, checksOf, commit, failuresAgain, failuresOf, report } from './report.ts'
import { runScenario } from './rig.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'

const options = optionsOrExit()
if (options.list) {
  for (const it of scenarios) console.log(`${it.name.padEnd(24)} ${it.what}`)
  process.exit(0)
}
const { seed, short } = options
const tree = commit()
for (const line of machine()) console.log(`# ${line}`)
const chosen = scenarios.filter((it) => options.names.length === 0 || options.names.includes(it.name))
console.log(`# seed ${seed}${short ? ', short form' : ''}, ${chosen.length} scenarios`)

const chapters: Chapter[] = []
for (const [n, scenario] of chosen.entries()) {
  console.log(`\n${n + 1} of ${chosen.length} · ${scenario.name}: ${scenario.what}`)
  chapters.push(await run(scenario))
}
const failed = chapters.reduce((sum, it) => sum + failuresOf(it), 0)
const passed = chapters.reduce((sum, it) => sum + checksOf(it), 0) - failed
if (options.report) {
  const command = [
    'pnpm chaos',
    ...options.names,
    short ? '--short' : '',
    `--seed ${seed}`,
    `--report ${options.report}`,
  ]
  writeFileSync(options.report, report(chapters, { command: command.filter(Boolean).join(' '), seed, tree }))
  console.log(`\nreport: ${options.report}`)
}
for (const line of failuresAgain(chapters)) console.log(line)
if (failed > 0) console.log(`\nagain: pnpm chaos ${failedNames()} --seed ${seed}${short ? ' --short' : ''}`)
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

/** A scenario that can't go on has failed; the others are run all the same. */
async function run(scenario: Scenario): Promise<Chapter> {
  const result = chapter(scenario.name, scenario.what)
  const since = performance.now()
  result.skipped = (await scenario.unable?.({ short })) ?? null
  if (result.skipped) console.log(`  not run: ${result.skipped}`)
  else {
    try {
      await runScenario(scenario, { seed, short, lines: result })
    } catch (error) {
      result.check('the scenario comes to its end', false, error instanceof Error ? error.message : String(error))
    }
  }
  result.seconds = (performance.now() - since) / 1_000
  return result
}

function failedNames(): string {
  return chapters
    .filter((it) => failuresOf(it) > 0)
    .map((it) => it.name)
    .join(' ')
}

function optionsOrExit() {
  try {
    return readOptions(
      process.argv.slice(2),
      scenarios.map((it) => it.name),
    )
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    process.exit(2)
  }
}
