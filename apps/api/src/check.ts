import { type FieldError, invalid } from '@scheduler/core/problem'
import type { z } from 'zod'

/**
 * The value as the schema gives it. @throws Problem `validation-failed` that names every field at fault.
 *
 * @param what the word for one, in messages
 */
export function check<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: 'field' | 'parameter' = 'field',
): z.infer<S> {
  const result = schema.safeParse(value, { error: describe })
  if (result.success) return result.data
  throw invalid(result.error.issues.flatMap((issue) => fieldErrors(issue, what)))
}

function fieldErrors(issue: z.core.$ZodIssue, what: string): FieldError[] {
  const path = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return issue.keys.map((key) => ({
    path: [...issue.path, key].join('.'),
    message: `is not a ${what} of this request`,
  }))
}

/** What is wrong, as the end of a sentence that begins with the field's name; the schema's own words come first. */
function describe(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.expected === 'string' && Array.isArray(issue.input)) return 'must be a string, given once'
      return issue.input === undefined ? 'is required' : `must be ${named(issue.expected)}, not ${kindOf(issue.input)}`
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty'
      if (issue.origin === 'array')
        return issue.minimum === 1 ? 'must not be empty' : `must have at least ${issue.minimum} items`
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`
    case 'invalid_union':
      return Array.isArray(issue.options) ? `must be one of ${issue.options.join(', ')}` : undefined
    case 'invalid_format':
      return issue.format === 'uuid' ? 'must be a UUID' : undefined
    default:
      return undefined
  }
}

function named(expected: string): string {
  if (expected === 'int') return 'a whole number'
  if (expected === 'object' || expected === 'record') return 'a JSON object'
  return `${/^[aeiou]/.test(expected) ? 'an' : 'a'} ${expected}`
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'number' ? String(value) : named(typeof value)
}

function unitOf(origin: string): string {
  return { string: ' characters', array: ' items' }[origin] ?? ''
}
