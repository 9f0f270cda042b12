import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { invalid, problems } from './problem.ts'

const folder = new URL('../../../docs/problems/', import.meta.url)

test('each problem has its page, and each page its problem', () => {
  expect(readdirSync(folder).sort()).toEqual(
    Object.keys(problems)
      .map((code) => `${code}.md`)
      .sort(),
  )
})

describe.for(Object.entries(problems))('%s', ([code, { status, title }]) => {
  test('its page says what it is called, its status, and what to do', () => {
    const page = readFileSync(new URL(`${code}.md`, folder), 'utf8')
    expect(page).toContain(`# ${title}`)
    expect(page).toContain(`\`${code}\` · ${status}`)
    expect(page).toContain('## What to do')
  })
})

describe('invalid', () => {
  test('says the first fault in a sentence, and how many more there are', () => {
    const required = { path: 'callback_url', message: 'is required' }
    expect(invalid([required]).message).toBe('callback_url is required.')
    expect(invalid([required, required]).message).toBe('callback_url is required, and 1 more; see errors.')
    expect(invalid([{ path: '', message: 'must be a JSON object' }]).message).toBe('The body must be a JSON object.')
    expect(invalid([{ path: 'days', message: 'at least one of …' }]).message).toBe('days: at least one of ….')
  })
})
