import { expect, test } from 'vitest'
import { callbackParts, MAX_CALLBACK_URL, parseCallbackUrl } from './callback-url.ts'

test.for([
  ['https://Example.com:443/a', 'https://example.com', 'example.com'],
  ['HTTP://example.com:8080/a?b#c', 'http://example.com:8080', 'example.com'],
  ['http://0x7f.1/', 'http://127.0.0.1', '127.0.0.1'],
  ['http://[::1]:80/', 'http://[::1]', '[::1]'],
  ['https://münchen.example/ü', 'https://xn--mnchen-3ya.example', 'xn--mnchen-3ya.example'],
] as const)('%s belongs to %s', ([text, destination, callbackHost]) => {
  expect(parseCallbackUrl(text)).toHaveProperty('url')
  expect(callbackParts(text)).toEqual({ callbackUrl: text, destination, callbackHost })
})

test.for([
  ['', 'a URL'],
  ['example.com/x', 'a URL'],
  ['http://', 'a URL'],
  ['http://exa mple.com', 'spaces'],
  [' http://example.com', 'spaces'],
  ['http://example.com/\n', 'spaces'],
  ['ht\ttp://example.com', 'spaces'],
  ['http://example.com/\0', 'control'],
  ['http://example.com/\ud800', 'control'],
  ['mailto:a@example.com', 'http://'],
  ['data:text/plain,x', 'http://'],
  [`http://example.com/${'a'.repeat(MAX_CALLBACK_URL)}`, '2048'],
] as const)('%j is refused', ([text, word]) => {
  expect(parseCallbackUrl(text)).toEqual({ reason: expect.stringContaining(word) })
})
