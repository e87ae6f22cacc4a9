import { BlockList, isIP } from 'node:net'
import { MACHINE_NAME } from '../../../shared/domain/policy.ts'

const OWN = new BlockList()
for (const [network, bits] of [
  ...[['10.0.0.0', 8] as const, ['172.16.0.0', 12] as const, ['192.168.0.0', 16] as const],
  ...[['100.64.0.0', 10] as const, ['169.254.0.0', 16] as const, ['127.0.0.0', 8] as const],
] as const)
  OWN.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ['fc00::', 7] as const,
  ['fe80::', 10] as const,
  ['::1', 128] as const,
])
  OWN.addSubnet(network, bits, 'ipv6')

/** This machine and the networks it is in: an open network does not mean those. Names are not resolved. */
export function isOwnNetwork(host: string): boolean {
  if (host === MACHINE_NAME) return true
  const version = isIP(host)
  return version !== 0 && OWN.check(host, version === 4 ? 'ipv4' : 'ipv6')
}
