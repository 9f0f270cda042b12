// The places of a value, each with what its schema says of it.
import type { Document, Schema } from './document.ts'

export interface Place {
  /** Names and places in lists, from the outside. */
  path: string[]
  schema: Schema
  value: unknown
}

/** All places of a value, the whole first. */
export function placesOf(document: Document, schema: Schema, value: unknown, path: string[] = []): Place[] {
  const said = branchOf(document, schema, value)
  const places: Place[] = [{ path, schema: said, value }]
  if (Array.isArray(value)) {
    value.forEach((it, i) => {
      places.push(...placesOf(document, said.items ?? {}, it, [...path, String(i)]))
    })
  } else if (value && typeof value === 'object') {
    for (const [key, it] of Object.entries(value)) {
      const field = said.properties?.[key]
      if (field) places.push(...placesOf(document, field, it, [...path, key]))
    }
  }
  return places
}

/** Of a choice of schemas the one that this value is meant by, as its type tells. */
function branchOf(document: Document, schema: Schema, value: unknown): Schema {
  const said = document.resolve(schema)
  const options = said.oneOf ?? said.anyOf
  if (!options) return said
  const fits = (option: Schema): boolean => {
    const { type, properties = {} } = document.resolve(option)
    if (Array.isArray(value) !== (type === 'array')) return false
    const named = properties.type?.enum
    return !named || named.includes((value as { type?: unknown }).type)
  }
  const found = options.find(fits) ?? options[0] ?? {}
  return branchOf(document, found, value)
}

/** The value with something else in one place; taken out where that is undefined. The value itself stays as it is. */
export function withAt(value: unknown, path: string[], other: unknown): unknown {
  const [first, ...rest] = path
  if (first === undefined) return other
  if (Array.isArray(value)) return value.map((it, i) => (String(i) === first ? withAt(it, rest, other) : it))
  const fields = { ...(value as Record<string, unknown>) }
  const changed = withAt(fields[first], rest, other)
  if (changed === undefined) delete fields[first]
  else fields[first] = changed
  return fields
}
