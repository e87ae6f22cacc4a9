import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinArgv, reveal, revealText } from '../../../src/renderer/words/reveal.ts'

describe('text of programs', () => {
  test.each([
    ['plain text, ünïcödé 日本', 'plain text, ünïcödé 日本'],
    ['a\u001b[2Jb', 'a\\e[2Jb'],
    ['a\nb\tc', 'a\\nb\\tc'],
    ['gnp\u202egpj.exe', 'gnp⟨U+202E⟩gpj.exe'],
    ['zero\u200bwidth', 'zero⟨U+200B⟩width'],
    ['\u0007', '\\x07'],
    ['\u0085', '\\x85'],
    ['no\u00a0break', 'no\\xA0break'],
    ['tag\u{e0041}', 'tag⟨U+E0041⟩'],
    ['hangul\u3164filler', 'hangul⟨U+3164⟩filler'],
    ['half \ud800', 'half ⟨U+D800⟩'],
    ['a\u0301\u0301\u0301\u0301\u0301', 'a\u0301\u0301\u0301⟨U+0301⟩⟨U+0301⟩'],
    ['', ''],
  ])('%j', (text, shown) => {
    expect(revealText(text, 500)).toBe(shown)
  })

  test('is capped, and says by how much', () => {
    expect(reveal('x'.repeat(130_000), 10)).toEqual({
      segments: [{ kind: 'plain', text: 'xxxxxxxxxx' }],
      hidden: 129_990,
    })
  })

  test('nothing that is shown hides, reorders or moves', () => {
    const hostile = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom(
          '\u202e',
          '\u2066',
          '\u200f',
          '\ufeff',
          '\u001b]52;c;x\u0007',
          '\r',
          '\ufe0f',
        ),
      ),
    )
    fc.assert(
      fc.property(hostile, (parts) => {
        const shown = revealText(parts.join(''), 300)
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u)
        expect(shown).not.toMatch(/\p{M}{4}/u)
        expect([...shown].length).toBeLessThanOrEqual(300 * 9 + 1)
      }),
    )
  })
})

test('argv reads back as the words it was', () => {
  expect(joinArgv(['sh', '-c', "echo 'a b'", '', 'x=1'])).toBe(`sh -c 'echo '\\''a b'\\''' '' x=1`)
})
