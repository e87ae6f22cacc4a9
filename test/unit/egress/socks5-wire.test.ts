import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseGreeting, parseSocksRequest } from '../../../src/main/egress/socks5-wire.ts'

const bytes = (...parts: (number | string)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))),
  )
const domain = (host: string, port = 443): Buffer =>
  bytes(5, 1, 0, 3, Buffer.byteLength(host), host, port >> 8, port & 0xff)

describe('a SOCKS request', () => {
  test.each([
    ['domain', domain('EXAMPLE.org.'), 'example.org'],
    ['domain in UTF-8', domain('bücher.example'), 'xn--bcher-kva.example'],
    ['address written as a domain', domain('0x7f.1'), '127.0.0.1'],
    ['IPv4', bytes(5, 1, 0, 1, 192, 0, 2, 7, 1, 187), '192.0.2.7'],
    [
      'IPv6',
      bytes(5, 1, 0, 4, 0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1, 1, 187),
      '2001:db8::1',
    ],
    [
      'IPv4-mapped IPv6',
      bytes(5, 1, 0, 4, ...new Array<number>(10).fill(0), 255, 255, 127, 0, 0, 1, 1, 187),
      '127.0.0.1',
    ],
  ])('%s', (_, request, host) => {
    expect(parseSocksRequest(request)).toEqual({
      length: request.length,
      value: { ok: true, value: { host, port: 443, protocol: 'socks5' } },
    })
  })

  test.each([
    ['BIND', bytes(5, 2, 0, 1, 192, 0, 2, 7, 1, 187), 'command'],
    ['UDP ASSOCIATE', bytes(5, 3, 0, 1, 0, 0, 0, 0, 0, 0), 'command'],
    ['unknown address type', bytes(5, 1, 0, 9, 1), 'address-type'],
    ['another version inside', bytes(4, 1, 0, 1, 192, 0, 2, 7, 1, 187), 'general'],
    ['NUL in the domain', domain('allowed.example\0.evil.example'), 'general'],
    ['empty domain', domain(''), 'general'],
    ['invalid UTF-8', bytes(5, 1, 0, 3, 2, 0xc3, 0x28, 1, 187), 'general'],
    ['port 0', domain('example.org', 0), 'general'],
  ])('refuses: %s', (_, request, reply) => {
    expect(parseSocksRequest(request)).toMatchObject({ value: { ok: false, error: { reply } } })
  })

  test('says the same however it arrives, and never reads past itself', () => {
    const requests = [domain('example.org'), bytes(5, 1, 0, 1, 192, 0, 2, 7, 1, 187)]
    fc.assert(
      fc.property(
        fc.constantFrom(...requests),
        fc.uint8Array({ maxLength: 8 }),
        (request, after) => {
          for (let size = 0; size < request.length; size++)
            expect(parseSocksRequest(request.subarray(0, size))).toBe('more')
          expect(parseSocksRequest(Buffer.concat([request, after]))).toEqual(
            parseSocksRequest(request),
          )
        },
      ),
    )
  })

  test('no bytes make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (raw) => {
        const parsed = parseSocksRequest(Buffer.from([5, 1, 0, ...raw]))
        expect(parsed === 'more' || typeof parsed.value.ok === 'boolean').toBe(true)
      }),
    )
  })
})

test.each([
  ['no authentication', bytes(5, 1, 0), true],
  ['several methods', bytes(5, 2, 2, 0), true],
  ['only a password', bytes(5, 1, 2), false],
  ['no method', bytes(5, 0), false],
  ['SOCKS4', bytes(4, 1, 0, 80), null],
])('a greeting: %s', (_, greeting, value) => {
  expect(parseGreeting(greeting)).toMatchObject({ value })
})
