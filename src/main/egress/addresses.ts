import { BlockList, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { MACHINE_NAME } from '../../shared/domain/policy.ts'
import { canonicalHost } from '../core/policy/host-name.ts'

/** What kind of place an address is. */
export type AddressClass =
  | 'metadata'
  | 'loopback'
  | 'unspecified'
  | 'link-local'
  | 'machine'
  | 'private'
  | 'shared'
  | 'multicast'
  | 'reserved'
  | 'public'

export type Classify = (address: string) => AddressClass

/** `never`: refused whatever the rules say. `explicit`: only when that very address is allowed. */
export type Standing = 'never' | 'explicit' | 'open'

export const STANDING: Readonly<Record<AddressClass, Standing>> = {
  metadata: 'never',
  loopback: 'never',
  unspecified: 'never',
  'link-local': 'never',
  machine: 'never',
  multicast: 'never',
  reserved: 'never',
  private: 'explicit',
  shared: 'explicit',
  public: 'open',
}

/** Completes "… is". */
export const CLASS_WORDS: Readonly<Record<AddressClass, string>> = {
  metadata: "a cloud's metadata service",
  loopback: 'this machine itself (loopback)',
  unspecified: 'this machine itself (unspecified address)',
  'link-local': 'a link-local address',
  machine: "one of this machine's own addresses",
  multicast: 'a multicast address',
  reserved: 'a reserved address',
  private: 'a private address',
  shared: 'a shared (carrier or overlay network) address',
  public: 'a public address',
}

/**
 * First match wins, so single services stand before the ranges around them. Documentation ranges
 * are left public: they lead nowhere. Benchmark addresses (198.18/15) are private: local proxies
 * hand them out for real names.
 */
const TABLE: readonly (readonly [AddressClass, ...string[]])[] = [
  [
    'metadata',
    ...['169.254.169.254/32', '169.254.170.2/32', '169.254.170.23/32', '168.63.129.16/32'],
    ...['100.100.100.200/32', '192.0.0.192/32'],
    ...['fd00:ec2::254/128', 'fd00:ec2::23/128', 'fd20:ce::254/128'],
  ],
  // An overlay network's own service on every machine that joined it.
  ['machine', '100.100.100.100/32', 'fd7a:115c:a1e0::53/128'],
  ['loopback', '127.0.0.0/8', '::1/128'],
  ['unspecified', '0.0.0.0/8', '::/128'],
  ['link-local', '169.254.0.0/16', 'fe80::/10'],
  ['private', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15', 'fc00::/7'],
  ['shared', '100.64.0.0/10'],
  ['multicast', '224.0.0.0/4', 'ff00::/8'],
  [
    'reserved',
    ...['192.0.0.0/24', '192.88.99.0/24', '240.0.0.0/4'],
    // IPv6 ranges that carry an IPv4 address (compatible, SIIT, local NAT64, Teredo, 6to4), the
    // discard prefix and the old site-local range.
    ...['::/96', '::ffff:0:0:0/96', '64:ff9b:1::/48', '2001::/32', '2002::/16', '100::/64'],
    'fec0::/10',
  ],
]

const family = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6')

const BLOCKS = TABLE.map(([name, ...ranges]) => {
  const list = new BlockList()
  for (const range of ranges) {
    const [base = '', bits] = range.split('/')
    list.addSubnet(base, Number(bits), family(base))
  }
  return { name, list }
})

/** Addresses of this machine's interfaces now; they change with networks and VPNs. */
export function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((items) =>
    (items ?? []).map((item) => item.address),
  )
}

/** Anything that is not an address counts as reserved, so it is never reached. */
export function classifyAddress(
  text: string,
  own: readonly string[] = machineAddresses(),
): AddressClass {
  const canonical = canonicalHost(text.replace(/%.*$/, ''))
  const address = canonical.ok ? canonical.value : ''
  if (!isIPv4(address) && !address.includes(':')) return 'reserved'
  const block = BLOCKS.find(({ list }) => list.check(address, family(address)))
  if (block && STANDING[block.name] === 'never') return block.name
  if (own.some((item) => sameAddress(item, address))) return 'machine'
  return block?.name ?? 'public'
}

function sameAddress(own: string, address: string): boolean {
  const canonical = canonicalHost(own.replace(/%.*$/, ''))
  return canonical.ok && canonical.value === address
}

/** Names that are refused before anybody is asked: no resolver may say what they mean. */
export function forbiddenName(host: string): string | null {
  if (host === 'localhost' || host.endsWith('.localhost'))
    return `${CLASS_WORDS.loopback}; its services are asked for as ${MACHINE_NAME}`
  if (host === 'metadata.google.internal' || host === 'metadata.goog') return CLASS_WORDS.metadata
  return null
}
