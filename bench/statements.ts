// Which statements a server was sent, by its own log: each BEGIN counts, which a count of transactions would not show.
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { serverLog } from '@scheduler/db/embedded/server-log'
import type { Arena } from './arena.ts'

/** Has all statements of sessions on `database` logged, from their next connection on. */
export async function logStatements(arena: Arena, database: string): Promise<void> {
  await arena.admin.query(`alter database ${database} set log_statement = 'all'`)
}

export async function logNoStatements(arena: Arena, database: string): Promise<void> {
  await arena.admin.query(`alter database ${database} reset log_statement`)
}

/** Returns a function that gives what was sent to the server since, by sessions whose statements are logged. */
export function follow(dataDir: string): () => string[] {
  const path = serverLog(dataDir)
  const from = statSync(path).size
  return () => {
    const text = read(path, from)
    // A statement of several lines goes on in lines that begin with a tab.
    return [...text.matchAll(/LOG: {2}(?:statement|execute [^:]*): (.*(?:\n\t.*)*)/g)].map(([, sql = '']) => sql)
  }
}

/** How many statements there are in these strings: one that is sent as a whole may hold several. */
export function countStatements(sent: string[]): number {
  return sent.reduce((sum, sql) => {
    const bare = sql.replaceAll(/'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\1\$/g, "''")
    return sum + bare.split(';').filter((it) => it.trim() !== '').length
  }, 0)
}

/** What statements begin with, the most frequent first: `[how often, the text]`. */
export function byText(statements: string[]): [count: number, text: string][] {
  const counts = new Map<string, number>()
  for (const it of statements) {
    const text = it.replaceAll(/\s+/g, ' ').trim().slice(0, 100)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, count]): [number, string] => [count, text]).sort(([a], [b]) => b - a)
}

function read(path: string, from: number): string {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(statSync(path).size - from)
    readSync(file, bytes, 0, bytes.length, from)
    return bytes.toString()
  } finally {
    closeSync(file)
  }
}
