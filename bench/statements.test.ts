import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverLog } from '@scheduler/db/embedded/server-log'
import { expect, onTestFinished, test } from 'vitest'
import { byText, countStatements, follow } from './statements.ts'

test('what is sent is read from the log: as one, however many lines it has, and nothing else that is logged', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const log = (...lines: string[]) => {
    for (const it of lines) appendFileSync(serverLog(folder), `2026-01-01 00:00:00.000 UTC [7] ${it}\n`)
  }
  log('LOG:  statement: select 0')
  const logged = follow(folder)
  log('LOG:  statement: begin', 'LOG:  execute beat: select 1\n\t  from a: b', "DETAIL:  Parameters: $1 = 'x'")
  log('LOG:  checkpoint starting: time', 'LOG:  execute <unnamed>: commit')
  expect(logged()).toEqual(['begin', 'select 1\n\t  from a: b', 'commit'])
})

test('each statement of what was sent as a whole counts, and a semicolon within a text does not', () => {
  expect(countStatements(['select 1', 'BEGIN; SET LOCAL x = 1; SELECT 2; COMMIT;'])).toBe(5)
  expect(countStatements([`select 'a;b', 'it''s;'`, 'do $$ begin perform 1; end $$', 'do $x$ ; $$ ; $x$;'])).toBe(3)
  expect(countStatements([])).toBe(0)
})

test('what is sent often comes first, however its lines are broken', () => {
  expect(byText(['commit', 'select\n\t  1', 'select 1 '])).toEqual([
    [2, 'select 1'],
    [1, 'commit'],
  ])
})
