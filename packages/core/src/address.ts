import ipaddr from 'ipaddr.js'

export type Address = ReturnType<typeof ipaddr.parse>

/** Whether an address is one of the public internet's, as the registries of special ranges have it. */
export function isGlobal(address: Address): boolean {
  if (address.range() !== 'unicast') return false
  // The library takes all of IPv6 that has no other name for public; only 2000::/3 is.
  return !('parts' in address) || ((address.parts[0] ?? 0) & 0xe000) === 0x2000
}

/**
 * The IPv4 addresses inside an IPv6 one that is mapped, compatible, translated (NAT64), or a tunnel's (6to4, Teredo,
 * ISATAP). None for any other. Several where a translator of one prefix length would find another than that of the next.
 */
export function embedded(address: Address): Address[] {
  if (!('parts' in address)) return []
  const { parts } = address
  const part = (n: number) => parts[n] ?? 0
  const at = (n: number) => ipv4(part(n), part(n + 1))
  switch (address.range() as string) {
    case 'ipv4Mapped':
    case 'rfc6145':
      return [at(6)]
    case '6to4':
      return [at(1)]
    case 'rfc6052':
      return nat64(parts)
    // Its server, and its client, whose bits are turned over.
    case 'teredo':
      return [at(2), ipv4(part(6) ^ 0xffff, part(7) ^ 0xffff)]
  }
  // Of the form `::127.0.0.1`; the library takes it for a public address.
  if (parts.slice(0, 6).every((it) => it === 0)) return [at(6)]
  const isIsatap = (part(4) & 0xfdff) === 0 && part(5) === 0x5efe
  return isIsatap ? [at(6)] : []
}

/** RFC 6052 puts the IPv4 address behind prefixes of 48, 56, 64 or 96 bits, around an octet that is left out. */
function nat64(parts: number[]): Address[] {
  const octets = parts.flatMap((part) => [part >> 8, part & 255])
  const from = (...places: number[]) => new ipaddr.IPv4(places.map((place) => octets[place] ?? 0))
  return [from(12, 13, 14, 15), from(6, 7, 9, 10), from(7, 9, 10, 11), from(9, 10, 11, 12)]
}

const ipv4 = (high: number, low: number): Address => new ipaddr.IPv4([high >> 8, high & 255, low >> 8, low & 255])
