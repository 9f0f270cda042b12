import { addresses } from './ssrf-addresses.ts'
import { spellings } from './ssrf-spellings.ts'

/**
 * Callback URLs by which somebody outside may try to reach what only we can reach: this machine, its network, and what
 * clouds hand out to their machines. `PORT` stands for the port of a listener on this machine.
 */
export interface SsrfVector {
  url: string
  /** What the name resolves to when it is called. */
  resolves?: readonly string[]
  /** What it resolved to when the job was written: an address that nobody would object to. */
  resolvedBefore?: string
}

/** Refused as they are written: when a job is created, and when they are called all the same. */
export const written: Record<string, readonly string[]> = { ...addresses, ...spellings }

const name = (url: string, ...resolves: string[]): SsrfVector => ({ url, resolves })
const rebound = (to: string): SsrfVector => ({ ...name('http://rebind.test:PORT/', to), resolvedBefore: '8.8.8.8' })

/** Nothing is wrong with them but what they resolve to: taken when a job is created, refused when they are called. */
export const resolved: Record<string, readonly SsrfVector[]> = {
  'names that resolve inward': [
    name('http://127.0.0.1.nip.io:PORT/', '127.0.0.1'),
    name('http://127-0-0-1.sslip.io:PORT/', '127.0.0.1'),
    name('http://localtest.me:PORT/', '127.0.0.1'),
    name('https://localtest.me:PORT/', '127.0.0.1'),
    name('http://localhost.localdomain:PORT/', '127.0.0.1'),
    name('http://localhost.example.com:PORT/', '127.0.0.1'),
    name('http://ip6-localhost:PORT/', '::1'),
    name('http://kubernetes.default.svc:PORT/', '10.96.0.1'),
    name('http://xn--bcher-kva.example:PORT/', '127.0.0.1'),
    name('http://bücher.example:PORT/', '127.0.0.1'),
    name('http://trailing.example.:PORT/', '127.0.0.1'),
    name('http://printer:PORT/', '192.168.1.20'),
    name('http://zero.test:PORT/', '0.0.0.0'),
    name('http://zero6.test:PORT/', '::'),
    name('http://ten.test:PORT/', '10.1.2.3'),
    name('http://cgnat.test:PORT/', '100.64.1.1'),
    name('http://link.test:PORT/', 'fe80::1'),
    name('http://zone.test:PORT/', 'fe80::1%eth0'),
    name('http://zone-loopback.test:PORT/', '::1%lo'),
    name('http://unique-local.test:PORT/', 'fd00::1'),
    name('http://multicast.test:PORT/', '224.0.0.1'),
    name('http://mapped.test:PORT/', '::ffff:127.0.0.1'),
    name('http://mapped-hex.test:PORT/', '::ffff:7f00:1'),
    name('http://compatible.test:PORT/', '::127.0.0.1'),
    name('http://nat64.test:PORT/', '64:ff9b::7f00:1'),
    name('http://sixtofour.test:PORT/', '2002:7f00:1::'),
    name('http://teredo.test:PORT/', '2001:0:7f00:1::1'),
    name('http://isatap.test:PORT/', '2606:4700::5efe:7f00:1'),
    name('http://nobodys.test:PORT/', '4000::1'),
    name('http://nonsense.test:PORT/', 'not an address'),
  ],
  'hosts that are not where they seem to be': [
    name('http://example.com#@127.0.0.1:PORT@/', '127.0.0.1'),
    name('http://example.com?@127.0.0.1@x:1:PORT/', '127.0.0.1'),
    name('http://example.com\\@127.0.0.1:PORT/', '127.0.0.1'),
    name('http://example.com/@127.0.0.1:PORT/', '127.0.0.1'),
    name('http://example.com:PORT/%2e%2e/127.0.0.1', '127.0.0.1'),
  ],
  'names with several addresses': [
    name('http://mixed.test:PORT/', '8.8.8.8', '127.0.0.1'),
    name('http://mixed-first.test:PORT/', '127.0.0.1', '8.8.8.8'),
    name('http://mixed-six.test:PORT/', '2606:4700::1111', '::1'),
    name('http://mixed-mapped.test:PORT/', '8.8.8.8', '::ffff:127.0.0.1'),
    name('http://mixed-many.test:PORT/', '8.8.8.8', '1.1.1.1', '9.9.9.9', '10.0.0.1'),
  ],
  'names that resolve to what clouds hand out': [
    name('http://169.254.169.254.nip.io/', '169.254.169.254'),
    name('http://a.metadata.google.internal/', '169.254.169.254'),
    name('http://metadata.example/', '::ffff:169.254.169.254'),
    name('http://metadata-zone.example/', 'fe80::a9fe:a9fe%eth0'),
    name('http://metadata-six.example/', 'fd00:ec2::254'),
    name('http://alibaba.example/', '100.100.100.200'),
    name('http://wireserver.example/', '168.63.129.16'),
    name('http://nat64-metadata.example/', '64:ff9b::a9fe:a9fe'),
  ],
  'names that resolve elsewhere once they are called': [
    rebound('127.0.0.1'),
    rebound('::1'),
    rebound('0.0.0.0'),
    rebound('10.0.0.1'),
    rebound('::ffff:127.0.0.1'),
    rebound('169.254.169.254'),
    rebound('192.168.0.1'),
  ],
}

/** Where an allowed receiver may try to send us on to. */
export const locations = [
  'http://127.0.0.1:PORT/',
  '//127.0.0.1:PORT/',
  'http://[::1]:PORT/',
  'http://localhost:PORT/',
  'http://2130706433:PORT/',
  'http://private.test:PORT/',
  'http://169.254.169.254/',
]
export const redirects = [301, 302, 303, 307, 308].flatMap((status) =>
  locations.map((location) => ({ status, location })),
)
