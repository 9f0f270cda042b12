import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import type { TargetPolicy } from './settings.ts'
import { checkAddress, checkTarget, isMetadataAddress, METADATA_ADDRESSES, METADATA_HOSTS } from './target.ts'

const closed: TargetPolicy = { allowPrivate: false, allowCidrs: [], allowHosts: [] }
const open: TargetPolicy = { ...closed, allowPrivate: true }
const wide: TargetPolicy = {
  allowPrivate: true,
  allowCidrs: ['0.0.0.0/0', '::/0'],
  allowHosts: ['metadata.google.internal', '169.254.169.254'],
}
const check = (url: string, policy = closed) => checkTarget(new URL(url), policy)

const inward = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://localhost/',
  'http://LOCALHOST./',
  'http://api.localhost/',
  'http://0.0.0.0/',
  'http://10.1.2.3/',
  'http://172.16.0.1/',
  'http://192.168.1.1/',
  'http://100.64.0.1/',
  'http://169.254.1.1/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://192.0.2.1/',
  'http://198.18.0.1/',
  'http://240.0.0.1/',
  'http://[::]/',
  'http://[::1]/',
  'http://[fe80::1]/',
  'http://[fc00::1]/',
  'http://[fec0::1]/',
  'http://[ff02::1]/',
  'http://[::ffff:10.0.0.1]/',
  'http://[::ffff:8.8.8.8]/',
  'http://[::127.0.0.1]/',
  'http://[64:ff9b::a00:1]/',
  'http://[64:ff9b::808:808]/',
  'http://[64:ff9b:1::a00:1]/',
  'http://[2002:a00:1::]/',
  'http://[2001::1]/',
  'http://[2001:db8::1]/',
  'http://[2606:4700::5efe:a00:1]/',
  'http://[2606:4700::200:5efe:a00:1]/',
  'http://[100:0:0:1::1]/',
  'http://[4000::1]/',
  'http://localhost../',
]

describe('a private address', () => {
  test.for(inward)('%s is refused where private ones are not allowed, and taken where they are', (url) => {
    expect(check(url)).toContain('must be a public address')
    expect(check(url, open)).toBeNull()
  })

  test.for([
    ['http://10.1.2.3/', '10.0.0.0/8'],
    ['http://[::ffff:10.1.2.3]/', '10.0.0.0/8'],
    ['http://[fc00::1]/', 'fc00::/7'],
    ['http://localhost/', '127.0.0.0/8'],
  ] as const)('%s is taken within an allowed range, %s', ([url, range]) => {
    expect(check(url, { ...closed, allowCidrs: [range] })).toBeNull()
    expect(check(url, { ...closed, allowCidrs: ['172.16.0.0/12', '2001:db8::/32'] })).not.toBeNull()
  })

  test('a name that is allowed may be private, in any case and with a final dot', () => {
    const policy = { ...closed, allowHosts: ['localhost', 'internal.example'] }
    expect(check('http://LocalHost./', policy)).toBeNull()
    expect(checkAddress('10.0.0.1', policy, 'Internal.example')).toBeNull()
    expect(checkAddress('10.0.0.1', policy, 'internal.example.')).toBeNull()
    expect(checkAddress('10.0.0.1', policy, 'other.example')).not.toBeNull()
    expect(checkAddress('10.0.0.1', policy)).not.toBeNull()
  })
})

describe('a metadata address', () => {
  const notations = [
    'http://0xa9fea9fe/',
    'http://2852039166/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[64:ff9b::a9fe:a9fe]/',
  ].concat(
    [
      'http://[2002:a9fe:a9fe::1]/',
      'http://[::ffff:0:a9fe:a9fe]/',
      'http://[64:ff9b:1:a9fe:a9:fe00::]/',
      'http://[64:ff9b:1:a9:fe:a9fe::]/',
      'http://[64:ff9b:1:0:a9:fea9:fe00::]/',
      'http://[2001:0:a9fe:a9fe::1]/',
      'http://[2001::5601:5601]/',
      'http://[2606:4700::5efe:a9fe:a9fe]/',
      'http://[FD00:EC2:0::254]/',
      'http://METADATA.google.internal./',
    ],
    METADATA_ADDRESSES.map((it) => `http://${it.includes(':') ? `[${it}]` : it}/`),
    METADATA_HOSTS.map((it) => `http://${it}/`),
  )

  test.for(notations)('%s is refused whatever is allowed', (url) => {
    for (const policy of [closed, open, wide]) expect(check(url, policy)).toBe('must not be a cloud metadata address')
  })

  test('is known when it is what a name resolves to', () => {
    expect(checkAddress('::ffff:169.254.169.254', wide, 'metadata.google.internal')).toContain('metadata')
    expect(isMetadataAddress('fd00:0ec2::254')).toBe(true)
    expect(isMetadataAddress('fe80::a9fe:a9fe%eth0')).toBe(true)
    expect(checkAddress('::1%lo', closed)).toContain('public')
    expect(isMetadataAddress('169.254.169.253')).toBe(false)
    expect(isMetadataAddress('example.com')).toBe(false)
  })
})

test.for([
  'https://example.com/',
  'http://8.8.8.8:8080/x?y',
  'http://[2606:4700::1111]/',
  'http://localhost.example/',
  'http://metadata.example/',
])('%s is taken', (url) => {
  expect(check(url)).toBeNull()
})

test.for([
  ['ftp://example.com/', 'http'],
  ['http://user@example.com/', 'user name'],
  ['http://:secret@example.com/', 'password'],
  ['http://unix:/var/run/docker.sock:/info', 'unix socket'],
] as const)('%s is refused: %s', ([url, word]) => {
  for (const policy of [closed, open]) expect(check(url, policy)).toContain(word)
})

test('nothing that the library takes for an address is passed over as a name', () => {
  const policy = { ...closed, allowHosts: [] }
  const parts = ['0', '1', '8', '127', '0x7f', '0177', 'a', 'f', 'ff', 'fe80', '::', ':', '.', '.', '%eth0']
  const pick = fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 8 }).map((it) => it.join(''))
  const property = fc.property(pick, (host) => {
    if (!ipaddr.isValid(host)) return
    const url = { protocol: 'http:', username: '', password: '', hostname: host } as URL
    expect(checkTarget(url, policy)).toBe(checkAddress(host, policy))
  })
  fc.assert(property, { numRuns: 20_000 })
})
