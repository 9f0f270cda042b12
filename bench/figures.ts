/** Percentile `p` (0 to 100) of numbers in any order. */
export function percentile(values: number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  return Number.isInteger(half)
    ? ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2
    : (sorted[Math.floor(half)] ?? Number.NaN)
}

/** The median of `values` with the least and the most of them: `1520 (1490 to 1533)`. */
export function spread(values: number[], digits = 0): string {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((it) => it.toFixed(digits))
  return values.length === 1
    ? (values[0] ?? Number.NaN).toFixed(digits)
    : `${median(values).toFixed(digits)} (${low} to ${high})`
}

/** Counts what a claim is about; prints it, and remembers whether it held. */
export function verdict() {
  let failed = 0
  const check = (what: string, holds: boolean, figure: string | number = '') => {
    if (!holds) failed += 1
    console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}${figure === '' ? '' : `: ${figure}`}`)
  }
  return {
    check,
    /** Holds when `value` is at least `bound`. */
    atLeast: (what: string, value: number, bound: number, unit = '') =>
      check(what, value >= bound, `${value.toFixed(2)}${unit}, at least ${bound}${unit}`),
    /** Holds when `value` is at most `bound`. */
    atMost: (what: string, value: number, bound: number, unit = '') =>
      check(what, value <= bound, `${value.toFixed(2)}${unit}, at most ${bound}${unit}`),
    end() {
      if (failed > 0) process.exitCode = 1
    },
  }
}

export type Verdict = ReturnType<typeof verdict>
