import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What one start leaves for the next, in DATA_DIR. */
export interface State {
  readonly port: number
  /** Process that started the server last, and will stop it. */
  readonly startedBy: number
}

const file = (dataDir: string) => join(dataDir, 'postgres.json')

export function readState(dataDir: string): Partial<State> {
  try {
    return JSON.parse(readFileSync(file(dataDir), 'utf8'))
  } catch {
    return {} // never started, or killed while writing: only a port is forgotten
  }
}

export function writeState(dataDir: string, state: State): void {
  writeFileSync(file(dataDir), JSON.stringify(state), { mode: 0o600 })
}
