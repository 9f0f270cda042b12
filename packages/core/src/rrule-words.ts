export const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

/** More than these would be a paragraph, not a sentence. */
export const MAX_LISTED = 8

export const and = (words: readonly string[]): string => join(words, 'and')

export const or = (words: readonly string[]): string => join(words, 'or')

/** `the 3rd`, `the last`, `the 2nd to last`. */
export function nth(ordinal: number): string {
  if (ordinal === -1) return 'the last'
  return ordinal < 0 ? `the ${ranked(-ordinal)} to last` : `the ${ranked(ordinal)}`
}

export const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`)

function join(words: readonly string[], last: string): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}

function ranked(value: number): string {
  const teen = value % 100 > 10 && value % 100 < 14
  return `${value}${teen ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th')}`
}
