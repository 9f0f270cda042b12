import { Webhook } from 'standardwebhooks'

/** Makes the `webhook-signature` of a request. */
export type Signer = (id: string, sentAt: Date, body: string) => string

/**
 * Signs by Standard Webhooks 1.0, once with each secret: a receiver that knows any of them can verify, so that a secret can be
 * replaced without a moment at which its requests are refused.
 *
 * @param secrets `whsec_` and base64, the newest first
 * @throws Error when one is no such secret
 */
export function createSigner(secrets: readonly string[]): Signer {
  const webhooks = secrets.map((secret) => new Webhook(secret))
  return (id, sentAt, body) => webhooks.map((it) => it.sign(id, sentAt, body)).join(' ')
}

/** What a secret looks like. */
export const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/

/** Why a text is no signing secret, as the end of a sentence that begins with its name; null when it is one. */
export function signingFault(secret: string): string | null {
  const encoded = SECRET.exec(secret)?.[1]
  const bytes = encoded === undefined ? 0 : Buffer.from(encoded, 'base64').length
  if (bytes >= 24 && bytes <= 64) return null
  return 'must be whsec_ and 24 to 64 random bytes in base64: echo whsec_$(openssl rand -base64 32) makes one'
}
