import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedError } from '../../db/src/embedded/start-embedded.ts'
import { Fault, root } from './settings.ts'

/** Runs a command with what `.env` says. What its user can mend is told in a sentence; exit code 1 where it fails. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  const file = join(root, '.env')
  if (existsSync(file)) process.loadEnvFile(file)
  try {
    await command()
  } catch (error) {
    console.error(error instanceof Fault || error instanceof EmbeddedError ? error.message : error)
    process.exitCode = 1
  }
}
