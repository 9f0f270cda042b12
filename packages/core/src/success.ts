import { DEFAULT_SUCCESS } from './delivery.ts'

/** What a rule looks like. */
export const RANGE = /^(?:([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?)$/

/** The statuses that a rule names, both ends included: `2xx`, `204`, `200-299`; null when it is no rule. */
export function statusRange(rule: string): { from: number; to: number } | null {
  const [, hundred, from, to = from] = RANGE.exec(rule) ?? []
  if (hundred) return { from: Number(hundred) * 100, to: Number(hundred) * 100 + 99 }
  if (!from || !to || Number(from) > Number(to)) return null
  return { from: Number(from), to: Number(to) }
}

/** Whether a status is a success by the rules of a job. */
export function isSuccess(status: number, rules: readonly string[] = DEFAULT_SUCCESS): boolean {
  return rules.some((rule) => {
    const range = statusRange(rule)
    return range !== null && status >= range.from && status <= range.to
  })
}
