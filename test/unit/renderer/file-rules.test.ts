import { describe, expect, test } from 'vitest'
import { problemsOfPaths, sumUpFiles } from '../../../src/renderer/words/file-rules.ts'

const PLACES = { workspace: '/home/ada/src/lighthouse', home: '/home/ada' }
/** The problem of the last of these rules. */
const problem = (path: string, ...before: string[]): string | null =>
  problemsOfPaths([...before, path], PLACES).at(-1) ?? null

describe('a path', () => {
  test.each([
    'src',
    './src',
    '~/notes',
    '~',
    '/etc/hosts',
    '**/.env*',
    'a/../b',
    '/a/../../etc',
    '..name',
    '~name',
    'with blank ',
    '\u202egnp.exe',
  ])('%j may be used', (path) => expect(problem(path)).toBeNull())

  test.each([
    ['', /Type a path/],
    ['   ', /Type a path/],
    ['a\0b', /NUL/],
    ['..', /cannot leave/],
    ['../other', /cannot leave/],
    ['./../other', /cannot leave/],
    ['a/../../other', /cannot leave/],
    ['a'.repeat(4097), /at most 4,096/],
  ])('%j is answered with a sentence', (path, sentence) => expect(problem(path)).toMatch(sentence))

  test.each([
    ['src', 'src'],
    ['src/', './src'],
    ['/home/ada/src/lighthouse/src', 'src'],
    ['~/notes', '/home/ada/notes'],
    ['a//b', 'a/./b'],
  ])('%j is the same place as %j', (path, other) =>
    expect(problem(path, 'first', other)).toMatch(/^Rule 2 is for the same path/),
  )

  test.each([
    ['src', 'Src'],
    ['src', 'src2'],
    ['~/notes', 'notes'],
    ['*', '**'],
  ])('%j is another place than %j', (path, other) => expect(problem(path, other)).toBeNull())
})

test('thousands are checked in one go', () => {
  const paths = Array.from({ length: 20_000 }, (_, n) => `packages/part-${n % 10_000}`)
  const problems = problemsOfPaths(paths, PLACES)
  expect(problems.filter(Boolean)).toHaveLength(10_000)
  expect(problems.at(-1)).toMatch(/^Rule 10000 /)
})

test('the summary counts the rules of a person', () => {
  expect([
    sumUpFiles(0, false, false),
    sumUpFiles(1, false, false),
    sumUpFiles(2, true, true),
  ]).toEqual([
    'Built-in rules',
    'Built-in rules, 1 rule of yours',
    'Built-in rules, 2 rules of yours, secrets hidden, on a copy',
  ])
})
