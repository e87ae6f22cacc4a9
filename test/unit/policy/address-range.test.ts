import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRange, rangeCovers } from '../../../src/main/core/policy/address-range.ts'
import { coversHost, parseAllowPattern } from '../../../src/main/core/policy/match.ts'

test.each([
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['192.168.1.77/32', '192.168.1.77'],
  ['0x0a.0.0.1/8', '10.0.0.0/8'],
  ['2001:DB8::1/32', '2001:db8::/32'],
  ['fd12:3456::7/9', 'fd00::/9'],
  ['::1/128', '::1'],
])('%s is %s', (text, range) => {
  expect(parseRange(text)).toEqual({ ok: true, value: range })
})

test.each(['10.0.0.0/33', '10.0.0.0/', 'example.org/8', '/8', '::/129', '10.0.0.0/-1', '*/8'])(
  '%s is no range',
  (text) => {
    expect(parseRange(text).ok).toBe(false)
  },
)

test('what it covers, and that names are in none', () => {
  expect(coversHost('10.0.0.0/8', '10.255.0.1')).toBe(true)
  expect(coversHost('10.0.0.0/8', '11.0.0.1')).toBe(false)
  expect(coversHost('10.0.0.0/8', 'ten.example.org')).toBe(false)
  expect(coversHost('2001:db8::/32', '2001:db8:7::9')).toBe(true)
  expect(coversHost('2001:db8::/32', '10.0.0.1')).toBe(false)
  expect(coversHost('0.0.0.0/0', '203.0.113.9')).toBe(true)
})

test('nobody allows everything by a range', () => {
  expect(parseAllowPattern('0.0.0.0/0').ok).toBe(false)
  expect(parseAllowPattern('::/0').ok).toBe(false)
  expect(parseAllowPattern('10.0.0.0/8').ok).toBe(true)
})

test('an address is in its own ranges, and in those of another only if the bits agree', () => {
  const byte = fc.nat({ max: 255 })
  const address = fc.tuple(byte, byte, byte, byte)
  const number = (parts: readonly number[]): number =>
    parts.reduce((sum, part) => sum * 256 + part, 0)
  fc.assert(
    fc.property(address, address, fc.integer({ min: 1, max: 32 }), (one, other, bits) => {
      const range = `${one.join('.')}/${bits}`
      expect(rangeCovers(range, one.join('.'))).toBe(true)
      const isSame =
        Math.floor(number(one) / 2 ** (32 - bits)) === Math.floor(number(other) / 2 ** (32 - bits))
      expect(rangeCovers(range, other.join('.'))).toBe(isSame)
    }),
  )
})
