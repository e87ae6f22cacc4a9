import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  commandRows,
  groupSentences,
  rowsWith,
  shellLine,
  shellLines,
} from '../../../src/renderer/words/policy.ts'
import { POLICY } from '../../visual/harness/machine.ts'

/** What bash makes of the words after the program: each ended by a NUL. */
const readBack = (line: string): string[] =>
  execFileSync('bash', ['-c', `printf '%s\\0' ${line}`], {
    encoding: 'utf8',
    env: { LC_ALL: 'C.UTF-8', HOME: '/home/ada' },
  })
    .split('\0')
    .slice(0, -1)

const HOSTILE = [
  'plain',
  '',
  'two words',
  "it's",
  '$(touch /tmp/owned)',
  '`id`',
  '~/notes',
  'A=b',
  '!!',
  'a\\b',
  '\u001b[201~\nrm -rf .\n',
  '\u202egnp.exe',
  '\u{e0041}tag',
  "both ' and \n",
  '*',
  '#',
]

describe('the command', () => {
  test('is read back by a shell as the same words', () => {
    expect(readBack(shellLine(HOSTILE))).toEqual(HOSTILE)
    expect(readBack(shellLines(HOSTILE))).toEqual(HOSTILE)
  })

  test('is one line, and nothing in it drives a terminal, whatever its words are', () => {
    const words = fc.array(
      fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(...HOSTILE)),
      { minLength: 1 },
    )
    fc.assert(
      fc.property(words, (command) => {
        expect(shellLine(command)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(shellLines(command).split('\n')).toHaveLength(command.length)
      }),
    )
  })

  test('never begins with an assignment', () => {
    expect(shellLine(['A=b', 'C=d'])).toBe("'A=b' C=d")
  })

  test('is shown whole, an option with its values on one row', () => {
    const rows = commandRows(['bwrap', '--ro-bind', '/usr', '/usr', '--', 'sh', '-c', 'a b'])
    expect(rows).toEqual([
      { at: 1, words: ['bwrap'] },
      { at: 2, words: ['--ro-bind', '/usr', '/usr'] },
      { at: 5, words: ['--', 'sh', '-c', "'a b'"] },
    ])
    expect(rowsWith(rows, 'USR')).toEqual([rows[1]])
    expect(commandRows([])).toEqual([])
  })

  test('no word is lost on the way to the rows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('--', '--dir', '-x'))),
        (words) => {
          expect(commandRows(words).flatMap((row) => row.words)).toHaveLength(words.length)
        },
      ),
    )
  })
})

describe('the sentences', () => {
  test('stand by axis, in the order of the strip', () => {
    expect(groupSentences(POLICY.sentences, '').map(({ axis }) => axis)).toEqual([
      'files',
      'network',
      'processes',
      'credentials',
    ])
  })

  test('are found by their words, their axis and their origin', () => {
    expect(groupSentences(POLICY.sentences, 'anthropic')).toHaveLength(1)
    expect(groupSentences(POLICY.sentences, 'network').map(({ axis }) => axis)).toEqual(['network'])
    expect(groupSentences(POLICY.sentences, ' nothing-like-it ')).toEqual([])
  })
})
