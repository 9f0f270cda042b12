import ipaddr from 'ipaddr.js'
import { type Address, embedded, isGlobal } from './address.ts'
import type { TargetPolicy } from './settings.ts'

/**
 * Where clouds hand their machines' credentials to whoever asks from inside. No setting allows them: AWS, Azure, Google,
 * Oracle, Alibaba, OpenStack, Linode, Scaleway, Tencent, Volcengine, Rancher and the container agents of AWS.
 */
export const METADATA_ADDRESSES: readonly string[] = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.169.250',
  '169.254.42.42',
  '169.254.0.23',
  '100.100.100.200',
  '100.96.0.96',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
  'fd00:c1::a9fe:a9fe',
  'fd00:a9fe:a9fe::1',
  'fd00:42::42',
  'fe80::a9fe:a9fe',
]

/** Names of the same, lower case. */
export const METADATA_HOSTS: readonly string[] = [
  'metadata.google.internal',
  'metadata.goog',
  'metadata',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.azure.com',
  'metadata.azure.internal',
  'metadata.oraclecloud.com',
  'metadata.tencentyun.com',
  'metadata.platformequinix.com',
  'metadata.packet.net',
  'api.metadata.cloud.ibm.com',
  'rancher-metadata',
]

const metadata = new Set(METADATA_ADDRESSES.map((address) => ipaddr.parse(address).toNormalizedString()))
const metadataHosts = new Set(METADATA_HOSTS)
const loopback = ipaddr.parse('127.0.0.1')

/**
 * Every notation of an IPv4 address begins with a digit, of an IPv6 one holds a colon. The library finds out by throwing,
 * which costs more than all else that is checked of a job.
 */
const MAY_BE_ADDRESS = /^\d|:/

/**
 * Why a callback may not go to a URL, as the end of a sentence that begins with the field's name; null when it may. Looks
 * at the URL only: what a name resolves to is for `checkAddress`, when it is called.
 */
export function checkTarget(url: URL, policy: TargetPolicy): string | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://'
  if (url.username || url.password) return 'must not hold a user name or a password'
  const host = bare(url.hostname)
  // The HTTP client reads `http://unix:/path` as the path of a socket of this machine.
  if (host === 'unix') return 'must not name a unix socket'
  if (metadataHosts.has(host)) return 'must not be a cloud metadata address'
  const local = host === 'localhost' || host.endsWith('.localhost')
  const address = local ? loopback : MAY_BE_ADDRESS.test(host) && ipaddr.isValid(host) ? parse(host) : null
  if (!address) return null
  return refuse(address, policy, policy.allowHosts.includes(host))
}

/**
 * The same for one resolved address. `host` is the name it was resolved from: one in `allowHosts` may be private, but
 * never a metadata address.
 */
export function checkAddress(address: string, policy: TargetPolicy, host?: string): string | null {
  if (!ipaddr.isValid(address)) return 'must resolve to an IP address'
  return refuse(parse(address), policy, host !== undefined && policy.allowHosts.includes(bare(host)))
}

/** True for a cloud metadata address in any notation, mapped and translated ones included. */
export function isMetadataAddress(address: string): boolean {
  return ipaddr.isValid(address) && isMetadata(parse(address))
}

const isMetadata = (address: Address): boolean =>
  [address, ...embedded(address)].some((it) => metadata.has(it.toNormalizedString()))

/** The ranges of `allowCidrs` that are not written as a network, `10.0.0.0/8`. */
export function badCidrs(ranges: string[]): string[] {
  return ranges.filter((range) => !ipaddr.isValidCIDR(range))
}

/** A host name or address as lists have it: lower case, without brackets and final dots. */
const bare = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.+$/, '')

/** Without its zone, `%eth0`: the same address through whatever interface. */
const parse = (address: string): Address => ipaddr.parse(address.replace(/%.*$/s, ''))

function refuse(address: Address, policy: TargetPolicy, hostAllowed: boolean): string | null {
  if (isMetadata(address)) return 'must not be a cloud metadata address'
  if (policy.allowPrivate || hostAllowed) return null
  const inner = embedded(address)
  if (inner.length === 0 && isGlobal(address)) return null
  const allowed = (it: Address) => inRanges(it, policy.allowCidrs)
  if (allowed(address) || (inner.length > 0 && inner.every(allowed))) return null
  // What is wrapped in an IPv6 address goes wherever the network's translator sends it: refused like a private one.
  return 'must be a public address; this instance does not call private ones (CALLBACK_ALLOW_CIDRS lists exceptions)'
}

function inRanges(address: Address, ranges: string[]): boolean {
  return ranges.some((range) => {
    const [network, bits] = ipaddr.parseCIDR(range)
    return network.kind() === address.kind() && address.match(network, bits)
  })
}
