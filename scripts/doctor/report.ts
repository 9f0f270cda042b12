import type { Checked } from '../../db/src/queries/check-invariants.ts'
import type { Repaired } from './examine.ts'

/** Findings that are printed of each invariant; `--json` has more. */
const PRINTED = 5

const marks = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL', unknown: '?   ' } as const satisfies Record<
  Checked['status'],
  string
>

const INDENT = '        '

/** What is printed of an invariant: one line where it holds, else also what breaks it and what to do. */
export function linesOf({ invariant, status, findings, more, reason }: Checked): string[] {
  const head = `  ${marks[status]}  ${invariant.name}: `
  if (status === 'ok') return [head + invariant.holds]
  if (status === 'unknown') return [`${head}nobody knows: ${reason}`]
  const count = more ? `more than ${findings.length}` : `${findings.length}`
  const left = findings.length - PRINTED
  return [
    `${head}${count} found. ${invariant.holds}`,
    ...findings.slice(0, PRINTED).map(({ what }) => `${INDENT}${what}`),
    ...(left > 0 ? [`${INDENT}and ${left}${more ? ' or more' : ''} others`] : []),
    `${INDENT}→ ${invariant.next}`,
  ]
}

/** The last line. */
export function sumUp(all: Checked[]): string {
  const count = (status: Checked['status']) => all.filter((it) => it.status === status).length
  const unknown = count('unknown')
  return `${count('ok')} hold, ${count('warn')} to look at, ${count('fail')} broken${unknown > 0 ? `, ${unknown} not checked` : ''}`
}

/** All of it, for programs. */
export function toJson(all: Checked[], repaired: Repaired | null): string {
  const invariants = all.map(({ invariant, status, findings, more, reason, ms }) => {
    const { name, holds, next } = invariant
    return { name, holds, status, findings, more, reason, next, ms: Math.round(ms * 10) / 10 }
  })
  return JSON.stringify({ sound: all.every(({ status }) => status === 'ok'), repaired, invariants }, null, 2)
}
