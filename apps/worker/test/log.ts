import { type Logger, pino } from 'pino'

export interface LogLine {
  level: number
  msg: string
  [field: string]: unknown
}

/** A real logger whose lines a test can look at. */
export function createLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = []
  return { log: pino({ level: 'debug', base: null }, { write: (line) => lines.push(JSON.parse(line)) }), lines }
}
