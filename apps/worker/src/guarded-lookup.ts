import type { LookupAddress, LookupOptions, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { TargetPolicy } from '@scheduler/core/settings'
import { checkAddress } from '@scheduler/core/target'

/** Code of the error for an address that the policy refuses. */
export const REFUSED = 'ERR_ADDRESS_REFUSED'

/**
 * Resolves a name and holds what it resolved to against the policy: at the moment of connecting, so that a name can't
 * change its address after it was checked. One refused address refuses the name: which one would be taken isn't known.
 */
export function guardedLookup(policy: TargetPolicy, resolve: typeof lookup): LookupFunction {
  return (host, options, callback) => {
    resolve(host, options as LookupOptions, (error, found: string | LookupAddress[], family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map((it) => it.address)
      const isRefused = !error && addresses.some((address) => checkAddress(address, policy, host) !== null)
      const failure = isRefused ? Object.assign(new Error('address refused'), { code: REFUSED }) : error
      callback(failure, found, family)
    })
  }
}
