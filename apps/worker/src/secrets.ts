import type { StoredDelivery } from '@scheduler/core/delivery'
import { headerContext, type Keys, signingContext, unseal } from '@scheduler/core/seal'
import { createSigner, type Signer } from '@scheduler/core/sign'

/** What a worker needs to open the secrets of jobs, and to sign what it sends. */
export interface Secrets {
  keys: Keys
  /** The instance's signing secrets, `whsec_…`, the newest first; used for jobs that have none of their own. */
  signing: readonly string[]
}

/** A job's own headers, opened. @throws SealError */
export function headersOf({ keys }: Secrets, jobId: string, delivery: StoredDelivery | null): Record<string, string> {
  const entries = (delivery?.headers ?? []).map((it): [string, string] => [
    it.name,
    'sealed' in it ? unseal(keys, headerContext(jobId, it.name), it.sealed) : it.value,
  ])
  return Object.fromEntries(entries)
}

/** Signs for a job: with its own secrets, else with the instance's; null where there are neither. @throws SealError */
export function signerOf({ keys, signing }: Secrets, jobId: string, delivery: StoredDelivery | null): Signer | null {
  const own = delivery?.signing?.map((it) => unseal(keys, signingContext(jobId), it))
  const secrets = own ?? signing
  return secrets.length > 0 ? createSigner(secrets) : null
}
