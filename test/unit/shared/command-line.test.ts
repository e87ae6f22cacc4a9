import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitCommandLine } from '../../../src/shared/command-line.ts'

describe('a typed command line', () => {
  test.each([
    ['npm test', ['npm', 'test']],
    ['  a   b\t c ', ['a', 'b', 'c']],
    [`sh -c 'a | b > "c"'`, ['sh', '-c', 'a | b > "c"']],
    [`say "two words" it\\'s`, ['say', 'two words', "it's"]],
    [`a "" b`, ['a', '', 'b']],
    [`x "\\"q\\"" $HOME`, ['x', '"q"', '$HOME']],
  ])('%s', (line, words) => {
    expect(splitCommandLine(line)).toEqual({ ok: true, value: words })
  })

  test.each([
    '',
    '   ',
    `a 'open`,
    'a "open',
    'a\\',
    'a | b',
    'a; b',
    'a > f',
    'a && b',
    'x $(y)',
    'a `b`',
    'a\nb',
  ])('refuses %j with a reason', (line) => {
    const result = splitCommandLine(line)
    expect(result.ok).toBe(false)
    expect(!result.ok && result.error).toMatch(/\w/)
  })

  test('quoting any words gives those words back', () => {
    const quote = (word: string) => `'${word.replaceAll("'", `'"'"'`)}'`
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (words) => {
        expect(splitCommandLine(words.map(quote).join(' '))).toEqual({ ok: true, value: words })
      }),
    )
  })
})
