// Values that a schema allows.
import type { Schema } from './document.ts'
import { fieldValue } from './fields.ts'
import { fitJob } from './fit-job.ts'
import type { Maker } from './maker.ts'

/** How often a field that may be left out is given. */
const OPTIONAL = 0.25

/** Lists are short: what a list may hold at the most is for the nearly valid ones. */
const MOST_ITEMS = 4

/** A value that the schema allows. @param name of the field: what its schema cannot say is known by it */
export function makeValue(schema: Schema, name: string, maker: Maker): unknown {
  const { dice, document } = maker
  const said = document.resolve(schema)
  const options = said.oneOf ?? said.anyOf
  if (options) return makeValue(dice.pick(options), name, maker)
  const types = [said.type ?? 'object'].flat()
  if (types.includes('null') && dice.chance(0.15)) return null
  const known = fieldValue(name, maker)
  if (known !== undefined) return known
  if (said.enum) return dice.pick(said.enum)
  const [type] = types.filter((it) => it !== 'null')
  switch (type) {
    case 'integer':
      return wholeOf(said, maker)
    case 'number':
      return said.minimum !== undefined && said.minimum < 1 && dice.chance(0.3) ? said.minimum : wholeOf(said, maker)
    case 'boolean':
      return dice.chance(0.5)
    case 'array':
      return listOf(said, name, maker)
    case 'object':
      return objectOf(said, maker)
    default:
      return textOf(said, name, maker)
  }
}

/** Most often a small one, now and then the least or the most. */
function wholeOf({ minimum = 0, exclusiveMinimum, maximum = 1_000_000 }: Schema, { dice }: Maker): number {
  const least = Math.ceil(exclusiveMinimum === undefined ? minimum : exclusiveMinimum + 1)
  if (dice.chance(0.1)) return dice.pick([least, maximum])
  return dice.int(least, Math.min(maximum, least + 20))
}

function listOf({ items = {}, minItems = 0, maxItems = MOST_ITEMS }: Schema, name: string, maker: Maker): unknown[] {
  const count = maker.dice.int(minItems, Math.min(maxItems, minItems + MOST_ITEMS))
  return Array.from({ length: count }, () => makeValue(items, `${name}[]`, maker))
}

function objectOf(schema: Schema, maker: Maker): Record<string, unknown> {
  const { properties = {}, required = [], additionalProperties } = schema
  const chosen = Object.entries(properties).filter(([key]) => required.includes(key) || maker.dice.chance(OPTIONAL))
  const value: Record<string, unknown> = {}
  for (const [key, field] of chosen) value[key] = makeValue(field, key, maker)
  if (typeof additionalProperties === 'object' && maker.dice.chance(0.5)) {
    value[`key-${maker.dice.int(1, 9)}`] = makeValue(additionalProperties, 'value', maker)
  }
  return fitJob(value, schema, maker)
}

const WORDS = [
  'a',
  'report',
  'naïve café',
  'Ω≈ç√∫',
  '日本語',
  '👩‍👩‍👧',
  'a b',
  "o'brien",
  '"quoted"',
  '%41',
  'a/b?c#d',
  '<b>',
  '\\n',
]

function textOf({ format, minLength = 0, maxLength = 200 }: Schema, name: string, { dice, memory }: Maker): string {
  if (format === 'uuid') return name === 'body[]' ? memory.recall('job', dice) : dice.uuid()
  if (dice.chance(0.05)) return 'x'.repeat(Math.min(maxLength, 300))
  return dice.pick(WORDS).slice(0, maxLength).padEnd(minLength, 'x')
}
