import { describe, expect, test } from 'vitest'
import {
  type AddressClass,
  classifyAddress,
  forbiddenName,
  machineAddresses,
  STANDING,
} from '../../../src/main/egress/addresses.ts'

const CLASSES: Readonly<Record<AddressClass, readonly string[]>> = {
  metadata: [
    ...['169.254.169.254', '169.254.170.2', '168.63.129.16', '100.100.100.200', '192.0.0.192'],
    ...['fd00:ec2::254', 'fd20:ce::254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe'],
  ],
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1'],
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  'link-local': ['169.254.0.1', '169.254.255.255', 'fe80::1', 'febf::1', 'fe80::1%eth0'],
  machine: ['192.168.7.7', '2001:db8:7::7', '::ffff:192.168.7.7', '100.100.100.100'],
  private: [
    ...['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', '198.18.0.1', 'fc00::1'],
    ...['fdff::1', '::ffff:10.0.0.1'],
  ],
  shared: ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  reserved: [
    ...['240.0.0.1', '255.255.255.255', '192.0.0.1', '::10.0.0.1', '::ffff:0:127.0.0.1'],
    ...['64:ff9b:1::1', '2001::1', '2002:7f00:1::', 'fec0::1', 'not an address', ''],
  ],
  public: [
    ...['1.1.1.1', '172.15.255.255', '172.32.0.1', '100.63.255.255', '100.128.0.1', '11.0.0.1'],
    ...['2606:4700::1', '2001:db8::1', '169.253.0.1', '223.255.255.255'],
  ],
}
const OWN = ['192.168.7.7', '2001:db8:7::7', 'fe80::7%eth0']

describe('address classes', () => {
  const rows = Object.entries(CLASSES).flatMap(([name, addresses]) =>
    addresses.map((address) => [address, name] as const),
  )
  test.each(rows)('%j is %s', (address, name) => {
    expect(classifyAddress(address, OWN)).toBe(name)
  })
})

test("every address of this machine's interfaces is out of reach", () => {
  const own = machineAddresses()
  expect(own.length).toBeGreaterThan(0)
  expect(own.filter((address) => STANDING[classifyAddress(address)] !== 'never')).toEqual([])
})

test('names of this machine are refused without a resolver', () => {
  const names = ['localhost', 'api.localhost', 'metadata.google.internal']
  expect(names.filter((name) => forbiddenName(name) === null)).toEqual([])
  expect(forbiddenName('localhost.example')).toBeNull()
})
