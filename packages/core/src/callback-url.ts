/** Longest callback URL, characters. */
export const MAX_CALLBACK_URL = 2_048

// A URL parser strips tabs, newlines and outer spaces without a word; what is stored must be what is called.
const STRAY = /[\s\p{Cc}]/u

/** A callback URL as parsed, or why the text is none, as the end of a sentence that begins with the field's name. */
export function parseCallbackUrl(text: string): { url: URL } | { reason: string } {
  if (text.length > MAX_CALLBACK_URL) return { reason: `must be at most ${MAX_CALLBACK_URL} characters` }
  if (STRAY.test(text) || !text.isWellFormed()) return { reason: 'must not contain spaces or control characters' }
  const url = URL.parse(text)
  if (!url) return { reason: 'must be a URL such as https://example.com/path' }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { reason: 'must begin with http:// or https://' }
  return { url }
}

export interface CallbackParts {
  /** As the client gave it. */
  callbackUrl: string
  /** Origin, `https://example.com`; what a circuit belongs to. */
  destination: string
  /** Host name, lower case, without the port. */
  callbackHost: string
}

/** What a job stores of its callback URL. @param text one that `parseCallbackUrl` accepts, and what it made of it */
export function callbackParts(text: string, url = new URL(text)): CallbackParts {
  return { callbackUrl: text, destination: url.origin, callbackHost: url.hostname }
}
