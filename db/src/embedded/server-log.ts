import { openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

const LIMIT_BYTES = 16 * 1024 * 1024

/** Where the server writes. A file, since a pipe would block it once nobody reads. */
export const serverLog = (dataDir: string): string => join(dataDir, 'postgres.log')

/** Opens the log to append one more life of the server; a long one is put aside first. */
export function openServerLog(dataDir: string): { fd: number; size: number } {
  const path = serverLog(dataDir)
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size >= LIMIT_BYTES) renameSync(path, `${path}.old`)
  return { fd: openSync(path, 'a', 0o600), size: size < LIMIT_BYTES ? size : 0 }
}

/** The server's own word on why it did not start: its last fatal line since the log had `size` bytes. */
export function lastFault(dataDir: string, size: number): string {
  const written = readFileSync(serverLog(dataDir)).subarray(size).toString()
  return written.match(/(?:FATAL|PANIC): .*/g)?.at(-1) ?? written.trim().split('\n').at(-1) ?? ''
}
