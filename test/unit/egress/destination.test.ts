import { describe, expect, test } from 'vitest'
import {
  destinationText,
  parseAbsoluteForm,
  parseAuthority,
  toDestination,
} from '../../../src/main/egress/destination.ts'

describe('the authority of a CONNECT', () => {
  test.each([
    ['example.org:443', 'example.org', 443],
    ['EXAMPLE.org.:65535', 'example.org', 65535],
    ['127.1:80', '127.0.0.1', 80],
    ['[::ffff:10.0.0.1]:22', '10.0.0.1', 22],
    ['[2001:DB8::1]:443', '2001:db8::1', 443],
  ])('%s', (text, host, port) => {
    expect(parseAuthority(text, null, 'connect')).toEqual({
      ok: true,
      value: { host, port, protocol: 'connect' },
    })
  })

  test.each([
    ['no port', 'example.org'],
    ['empty port', 'example.org:'],
    ['port 0', 'example.org:0'],
    ['port too high', 'example.org:65536'],
    ['port with zeros', 'example.org:0443'],
    ['port with sign', 'example.org:+443'],
    ['port in full width', 'example.org:４４３'],
    ['port with path', 'example.org:443/x'],
    ['two ports', 'example.org:443:80'],
    ['no host', ':443'],
    ['IPv6 without brackets', '::1:443'],
    ['user name', 'example.org@evil.example:443'],
    ['user name and password', 'a:b@evil.example:443'],
    ['text after brackets', '[::1]evil.example:443'],
    ['whole address', 'http://example.org:443'],
    ['empty', ''],
  ])('refuses: %s', (_, text) => {
    expect(parseAuthority(text, null, 'connect').ok).toBe(false)
  })
})

describe('absolute form', () => {
  test.each([
    ['http://example.org', 'example.org', 80, '/'],
    ['HTTP://Example.org/A?b=c', 'example.org', 80, '/A?b=c'],
    ['http://example.org?b', 'example.org', 80, '/?b'],
    ['http://example.org:8080/x#fragment', 'example.org', 8080, '/x'],
    ['http://[::1]:3000/', '::1', 3000, '/'],
    ['http://0x7f.1/', '127.0.0.1', 80, '/'],
    ['http://example.org/http://evil.example/', 'example.org', 80, '/http://evil.example/'],
  ])('%s', (text, host, port, path) => {
    expect(parseAbsoluteForm(text)).toEqual({
      ok: true,
      value: { destination: { host, port, protocol: 'http' }, path },
    })
  })

  test.each([
    ['origin form', '/path'],
    ['asterisk', '*'],
    ['https', 'https://example.org/'],
    ['another scheme', 'ftp://example.org/'],
    ['user name', 'http://example.org@evil.example/'],
    ['backslash', 'http://example.org\\@evil.example/'],
    ['escaped host', 'http://example%2eorg/'],
    ['blank in the path', 'http://example.org/a b'],
    ['control byte in the path', 'http://example.org/a\r\nHost: b'],
    ['three slashes', 'http:///example.org/'],
    ['one slash', 'http:/example.org/'],
  ])('refuses: %s', (_, text) => {
    expect(parseAbsoluteForm(text).ok).toBe(false)
  })
})

test('ports outside 1 to 65535 are refused, also for SOCKS', () => {
  expect(
    [0, -1, 65536, 1.5, Number.NaN].map((port) => toDestination('a.example', port, 'socks5').ok),
  ).toEqual([false, false, false, false, false])
})

test('IPv6 is written in brackets', () => {
  expect(destinationText({ host: '2001:db8::1', port: 443 })).toBe('[2001:db8::1]:443')
  expect(destinationText({ host: 'example.org', port: 80 })).toBe('example.org:80')
})
