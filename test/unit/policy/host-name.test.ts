import { describe, expect, test } from 'vitest'
import { canonicalHost } from '../../../src/main/core/policy/host-name.ts'

const SAME: readonly (readonly [string, string, string])[] = [
  ['plain', 'example.org', 'example.org'],
  ['upper case', 'EXAMPLE.Org', 'example.org'],
  ['trailing dot', 'example.org.', 'example.org'],
  ['one label', 'intranet', 'intranet'],
  ['underscore', '_dmarc.example.org', '_dmarc.example.org'],
  ['IDN', 'bücher.example', 'xn--bcher-kva.example'],
  ['IDN, decomposed', 'bu\u0308cher.example', 'xn--bcher-kva.example'],
  ['punycode', 'XN--bcher-KVA.example', 'xn--bcher-kva.example'],
  ['homograph', 'аpple.example', 'xn--pple-43d.example'],
  ['full width letters', 'ＥＸＡＭＰＬＥ.org', 'example.org'],
  ['ideographic dots', 'example。org', 'example.org'],
  ['Kelvin sign', 'ban\u212a.example', 'bank.example'],
  ['soft hyphen', 'exam\u00adple.org', 'example.org'],
  ['decimal', '2130706433', '127.0.0.1'],
  ['hexadecimal', '0x7f000001', '127.0.0.1'],
  ['octal', '0177.0.0.1', '127.0.0.1'],
  ['mixed', '0x7f.1', '127.0.0.1'],
  ['short', '127.1', '127.0.0.1'],
  ['zero', '0', '0.0.0.0'],
  ['address with trailing dot', '127.0.0.1.', '127.0.0.1'],
  ['full width digits', '１２７.0.0.1', '127.0.0.1'],
  ['circled digits', '①②⑦.0.0.1', '127.0.0.1'],
  ['full width dots', '127。0。0。1', '127.0.0.1'],
  ['IPv6', '2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['IPv6 in brackets', '[2001:db8::1]', '2001:db8::1'],
  ['IPv6 loopback, long', '0:0:0:0:0:0:0:1', '::1'],
  ['IPv4-mapped', '::ffff:127.0.0.1', '127.0.0.1'],
  ['IPv4-mapped, hex', '[::FFFF:7f00:1]', '127.0.0.1'],
  ['IPv4-mapped, long', '0:0:0:0:0:ffff:0:1', '0.0.0.1'],
  ['NAT64', '64:ff9b::169.254.169.254', '169.254.169.254'],
  ['NAT64, low bits only', '64:ff9b::1', '0.0.0.1'],
]

const REFUSED: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['only a dot', '.'],
  ['NUL', 'allowed.example\0.evil.example'],
  ['NUL at the end', 'example.org\0'],
  ['newline', 'example.org\nx'],
  ['tab', 'exam\tple.org'],
  ['blank', 'example org'],
  ['C1 control', 'example\u0085.org'],
  ['no-break space', 'example\u00a0.org'],
  ['percent escape', '127%2e0.0.1'],
  ['slash', 'example.org/evil'],
  ['backslash', 'example.org\\evil'],
  ['question mark', 'example.org?x'],
  ['hash', 'example.org#x'],
  ['user name', 'user@example.org'],
  ['wildcard', '*.example.org'],
  ['empty part', 'a..b'],
  ['leading dot', '.example.org'],
  ['two trailing dots', 'example.org..'],
  ['address with two trailing dots', '127.0.0.1..'],
  ['leading hyphen', '-a.example'],
  ['long part', `${'a'.repeat(64)}.example`],
  ['long name', `${'a.'.repeat(130)}example`],
  ['very long text', 'a'.repeat(5000)],
  ['five numbers', '1.2.3.4.5'],
  ['number out of range', '256.1.1.1'],
  ['name that ends in a number', 'foo.0x1'],
  ['zone', 'fe80::1%eth0'],
  ['zone in brackets', '[fe80::1%25eth0]'],
  ['half brackets', '[::1'],
  ['brackets round a name', '[example.org]'],
  ['bad IPv6', '1::2::3'],
  ['right-to-left override', 'example\u202e.org'],
  ['lone surrogate', 'a\ud800.example'],
]

describe('the one spelling of a host', () => {
  test.each(SAME)('%s', (_, text, host) => {
    expect(canonicalHost(text)).toEqual({ ok: true, value: host })
  })

  test.each(REFUSED)('refuses: %s', (_, text) => {
    expect(canonicalHost(text)).toEqual({ ok: false, error: expect.any(String) })
  })
})
