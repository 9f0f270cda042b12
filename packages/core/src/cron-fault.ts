interface Field {
  name: string
  low: number
  high: number
  /** The largest step: how many values there are. */
  most: number
  /** Three letters each, from `low` on. */
  names?: string
  /** What else it may be. */
  others: string
}

const fields: readonly Field[] = [
  { name: 'a second', low: 0, high: 59, most: 60, others: '' },
  { name: 'a minute', low: 0, high: 59, most: 60, others: '' },
  { name: 'an hour', low: 0, high: 23, most: 24, others: '' },
  { name: 'a day of month', low: 1, high: 31, most: 31, others: ' (or L, LW, 15W)' },
  {
    name: 'a month',
    low: 1,
    high: 12,
    most: 12,
    names: 'JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC',
    others: ' or JAN to DEC',
  },
  {
    name: 'a day of week',
    low: 0,
    high: 7,
    most: 7,
    names: 'SUNMONTUEWEDTHUFRISAT',
    others: ' or SUN to SAT (or 5L, 5#1 to 5#5)',
  },
]

/**
 * Why a cron is refused, as the end of a sentence that begins with the name of the field.
 *
 * The parser decides what is right; here is only found what it was that it refused, and said in the words of people who
 * write crons.
 *
 * @param words six fields, seconds first
 * @param accepts whether the parser takes a value in the field of an index, all other fields being `*`
 */
export function cronFault(words: readonly string[], accepts: (index: number, value: string) => boolean): string {
  for (const [index, field] of fields.entries()) {
    const word = words[index] ?? ''
    if (accepts(index, word)) continue
    // No part is wrong when it is their company that is: LW stands alone.
    const part = word.split(',').find((it) => it === '' || !accepts(index, it)) ?? word
    return explain(field, part, shorten(part))
  }
  return 'cannot be read'
}

function explain(field: Field, part: string, shown: string): string {
  const { name, low, high, most, names, others } = field
  const range = `must have ${name} from ${low} to ${high}${others}, not ${shown}`
  if (part === '') return `must have ${name} between its commas`
  if (/^H(?:$|[/(])/i.test(part))
    return `must have ${name} as a number, not ${shown}; H is Jenkins's, here jitter spreads jobs`
  if (part.includes('~')) return `must have ${name} as a number, not ${shown}; ~ is random, here jitter spreads jobs`
  if (part.includes('?')) return 'must have ? only as the whole day of month or day of week'
  if (/,LW|LW,/i.test(part)) return `must have LW as the whole day of month, not ${shown}`
  const numbers = names ? part.replaceAll(/[a-z]{3}/gi, (it) => numberOf(it, names, low)) : part
  const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(numbers)
  if (!match) return range
  const [, from, to, step] = match
  if ([from, to].some((it) => it !== undefined && (Number(it) < low || Number(it) > high))) return range
  if (to !== undefined && Number(to) < Number(from)) {
    return `must have ${name} range from the lower to the higher value, not ${shown}; one over the end is two ranges`
  }
  if (step === undefined) return range
  if (Number(step) < 1 || Number(step) > most) return `must have ${name} step from 1 to ${most}, not ${shorten(step)}`
  if (from !== undefined)
    return `must have ${name} range before its step, such as ${from}-${high}/${step}, not ${shown}`
  return range
}

function numberOf(name: string, names: string, low: number): string {
  const at = names.indexOf(name.toUpperCase())
  return at < 0 || at % 3 !== 0 ? name : `${at / 3 + low}`
}

const shorten = (text: string): string => (text.length > 20 ? `${text.slice(0, 20)}…` : text)
