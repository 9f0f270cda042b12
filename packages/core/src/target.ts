import ipaddr from 'ipaddr.js'
import type { TargetPolicy } from './settings.ts'

/**
 * Where clouds hand their machines' credentials to whoever asks from inside. No setting allows them: AWS, Azure, Google,
 * Oracle, Alibaba and the container agents of AWS.
 */
export const METADATA_ADDRESSES: readonly string[] = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
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
]

const metadata = new Set(METADATA_ADDRESSES.map((address) => ipaddr.parse(address).toNormalizedString()))
const metadataHosts = new Set(METADATA_HOSTS)
const loopback = ipaddr.parse('127.0.0.1')
type Address = ReturnType<typeof ipaddr.parse>

/**
 * Why a callback may not go to a URL, as the end of a sentence that begins with the field's name; null when it may. Looks
 * at the URL only: what a name resolves to is for `checkAddress`, when it is called.
 */
export function checkTarget(url: URL, policy: TargetPolicy): string | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://'
  if (url.username || url.password) return 'must not hold a user name or a password'
  const host = hostOf(url)
  if (metadataHosts.has(host)) return 'must not be a cloud metadata address'
  const local = host === 'localhost' || host.endsWith('.localhost')
  const address = local ? loopback : ipaddr.isValid(host) ? ipaddr.parse(host) : null
  if (!address) return null
  return refuse(address, policy, policy.allowHosts.includes(host))
}

/**
 * The same for one resolved address. `host` is the name it was resolved from: one in `allowHosts` may be private, but
 * never a metadata address.
 */
export function checkAddress(address: string, policy: TargetPolicy, host?: string): string | null {
  if (!ipaddr.isValid(address)) return 'must resolve to an IP address'
  return refuse(ipaddr.parse(address), policy, host !== undefined && policy.allowHosts.includes(host.toLowerCase()))
}

/** True for a cloud metadata address in any notation, mapped and translated ones included. */
export function isMetadataAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  return [parsed, embedded(parsed)].some((it) => it !== null && metadata.has(it.toNormalizedString()))
}

/** The ranges of `allowCidrs` that are not written as a network, `10.0.0.0/8`. */
export function badCidrs(ranges: string[]): string[] {
  return ranges.filter((range) => !ipaddr.isValidCIDR(range))
}

/** Host name or address of a URL, lower case, without brackets and final dot. */
function hostOf(url: URL): string {
  return url.hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
}

function refuse(address: Address, policy: TargetPolicy, hostAllowed: boolean): string | null {
  const inner = embedded(address)
  if (isMetadataAddress(address.toString())) return 'must not be a cloud metadata address'
  if (policy.allowPrivate || hostAllowed) return null
  if (inner === null && address.range() === 'unicast') return null
  if ([address, inner].some((it) => it !== null && inRanges(it, policy.allowCidrs))) return null
  // What is wrapped in an IPv6 address goes wherever the network's translator sends it: refused like a private one.
  return 'must be a public address; this instance does not call private ones (CALLBACK_ALLOW_CIDRS lists exceptions)'
}

/** The IPv4 address inside a mapped, compatible, NAT64 or 6to4 one; null when there is none. */
function embedded(address: Address): Address | null {
  if (!('parts' in address)) return null
  const { parts } = address
  // Of the form `::127.0.0.1`; the library takes it for a public address.
  const isCompatible = parts.slice(0, 6).every((part) => part === 0)
  const at = isCompatible ? 6 : { ipv4Mapped: 6, rfc6145: 6, rfc6052: 6, '6to4': 1 }[address.range() as string]
  if (at === undefined) return null
  const [high = 0, low = 0] = parts.slice(at, at + 2)
  return new ipaddr.IPv4([high >> 8, high & 255, low >> 8, low & 255])
}

function inRanges(address: Address, ranges: string[]): boolean {
  return ranges.some((range) => {
    const [network, bits] = ipaddr.parseCIDR(range)
    return network.kind() === address.kind() && address.match(network, bits)
  })
}
