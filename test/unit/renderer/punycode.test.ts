import { domainToASCII } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lookalike } from '../../../src/renderer/words/punycode.ts'

describe('what a name in punycode looks like', () => {
  test.each([
    ['xn--80ak6aa92e.com', 'аррӏе.com'],
    ['www.xn--bcher-kva.example', 'www.bücher.example'],
    ['xn--maana-pta.com', 'mañana.com'],
    ['xn--wgv71a119e.jp', '日本語.jp'],
  ])('%s', (host, seen) => {
    expect(lookalike(host)).toBe(seen)
  })

  test('a plain name has no other look', () => {
    expect(lookalike('registry.example.org')).toBeNull()
    expect(lookalike('127.0.0.1')).toBeNull()
  })

  test('a label that does not decode stays as it is', () => {
    expect(lookalike('xn--99999999999.com')).toBe('xn--99999999999.com')
    expect(lookalike('xn--a_b.com')).toBe('xn--a_b.com')
  })

  test('undoes what the platform encodes', () => {
    const letters = fc.constantFrom(...'abcxyz0123äößéαβγδабвгд日本語한국')
    const label = fc.string({ unit: letters, minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(label, (text) => {
        const ascii = domainToASCII(`${text}.example`)
        fc.pre(ascii.startsWith('xn--'))
        expect(domainToASCII(lookalike(ascii)!)).toBe(ascii)
      }),
    )
  })
})
